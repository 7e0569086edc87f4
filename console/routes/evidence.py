"""What a run left behind, as bytes: screenshots to look at, snapshots to read, traces to take along."""

import uuid

from fastapi import APIRouter
from starlette.responses import Response

from console.access import Parts, SeesCases
from console.problems import Problem, not_found
from records.trail import Evidence

router = APIRouter(prefix="/evidence")

_KINDS = {
    "screenshot": ("image/png", "inline"),
    "snapshot": ("text/plain; charset=utf-8", "inline"),
    "exchange": ("text/plain; charset=utf-8", "inline"),
    "trace": ("application/zip", "attachment"),
}


@router.get("/{evidence_id}")
async def one(parts: Parts, _person: SeesCases, evidence_id: uuid.UUID) -> Response:
    """The bytes; they never change under one id, so the browser may keep them for itself."""
    async with parts.database.session() as session:
        found = await session.get(Evidence, evidence_id)
    if found is None:
        raise not_found("This evidence")
    try:
        data = await parts.evidence.get(found.path)
    except FileNotFoundError:
        raise Problem(
            410, "evidence_gone", "This evidence is no longer kept.", kept="That it existed stays in the records."
        ) from None
    kind, disposition = _KINDS.get(found.kind, ("application/octet-stream", "attachment"))
    name = found.path.rsplit("/", 1)[-1].replace('"', "")
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": f'{disposition}; filename="{name}"'}
    return Response(data, media_type=kind, headers=headers)
