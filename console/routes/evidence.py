"""What a run left behind, as bytes: pictures to look at, texts to read, traces to take along; all of it masked."""

import uuid

from fastapi import APIRouter
from obstore.exceptions import BaseError
from starlette.responses import Response

from console.access import Parts, SeesCases
from console.collaborators import Collaborators
from console.problems import Problem, not_found
from records import access, evidence_store
from records.evidence_cipher import EvidenceUnreadable
from records.trail import Evidence

router = APIRouter(prefix="/evidence")

_KINDS = {
    "screenshot": ("image/png", "inline"),
    "snapshot": ("text/plain; charset=utf-8", "inline"),
    "exchange": ("text/plain; charset=utf-8", "inline"),
    "trace": ("application/zip", "attachment"),
    "photo-jpeg": ("image/jpeg", "inline"),
    "photo-png": ("image/png", "inline"),
    "attachment": ("application/octet-stream", "attachment"),
    "mail": ("application/octet-stream", "attachment"),
}
_NOT_KEPT = frozenset({"trace", "attachment", "mail"})
"""Kinds that no browser keeps: they hold more than masks cover, or are somebody's own words."""
SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a system showed is only ever looked at: no script, no form, no link of it does anything here."""


@router.get("/{evidence_id}")
async def one(parts: Parts, person: SeesCases, evidence_id: uuid.UUID) -> Response:
    """The bytes; they never change under one id, so the browser may keep them for itself.

    A trace may hold more than its masks cover, so who takes one is noted each time, and no browser keeps it.
    """
    found = await find(parts, evidence_id)
    data = await opened(parts, found)
    if found.kind == "trace":
        async with parts.database.session() as session:
            access.audit(session, parts.clock(), person.email, "evidence.opened", str(found.id), kind=found.kind)
    kind, disposition = _KINDS[found.kind]
    name = found.path.rsplit("/", 1)[-1].replace('"', "")
    headers = {
        "Cache-Control": "no-store" if found.kind in _NOT_KEPT else "private, max-age=86400",
        "Content-Disposition": f'{disposition}; filename="{name}"',
        "Content-Security-Policy": SANDBOX,
    }
    return Response(data, media_type=kind, headers=headers)


async def find(parts: Collaborators, evidence_id: uuid.UUID) -> Evidence:
    """The row; 404 when there is none. What stands under masks is no evidence of its own: it is only ever revealed."""
    async with parts.database.session() as session:
        found = await session.get(Evidence, evidence_id)
    if found is None or found.kind not in _KINDS:
        raise not_found("This evidence")
    return found


def _gone(said: str) -> Problem:
    return Problem(410, "evidence_gone", said, kept="That it existed stays in the records.")


async def opened(parts: Collaborators, found: Evidence) -> bytes:
    """The bytes as they were kept: 410 when they are gone, 409 when they are not what was kept, 503 when away."""
    if found.dropped:
        raise Problem(410, "evidence_dropped", "This evidence was never kept: there was no room, or no store.")
    if found.removed_at is not None:
        raise _gone("This evidence is no longer kept. It was removed by retention.")
    try:
        return await evidence_store.read(parts.evidence, found)
    except FileNotFoundError:
        raise _gone("This evidence is no longer kept.") from None
    except EvidenceUnreadable as error:
        raise Problem(
            409, "evidence_changed", str(error), kept="Nothing of it is shown.", todo="Tell IT: the store was touched."
        ) from None
    except (BaseError, OSError):
        raise Problem(
            503, "evidence_away", "The evidence store does not answer.", todo="Try again in a moment."
        ).with_headers({"Retry-After": "5"}) from None
