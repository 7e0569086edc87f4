"""A reveal: somebody with the right looks under the masks of one picture, says why, and is noted before it is shown."""

import json
import struct
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console import words
from console.access import Parts, Reveals
from console.collaborators import Collaborators
from console.forms import check, inputs, typed
from console.kept import KeepsTyped
from console.pages import page
from console.problems import Problem
from console.routes.evidence import find, opened
from records import evidence_store, reveals
from records.trail import Evidence

router = APIRouter(prefix="/evidence/{evidence_id}/reveals", route_class=KeepsTyped)


class Reason(BaseModel):
    """Why somebody has to see it."""

    model_config = ConfigDict(frozen=True)

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=300)] = Field(
        title="Why you need to see it",
        description="Kept with your name and the time, for auditors and on the case's timeline.",
    )


@dataclass(frozen=True)
class Spot:
    """One text under a mask, and its place in the picture: x, y, width, height; None when it is not known."""

    name: str
    text: str
    place: tuple[float, float, float, float] | None


@router.get("")
async def form(request: Request, parts: Parts, _person: Reveals, evidence_id: uuid.UUID) -> Response:
    """What will be shown, to whom it is told, and the question why."""
    found, _ = await _hidden(parts, evidence_id)
    return page(request, "reveals/reveal.html", found=found, fields=inputs(Reason), errors=())


@router.post("")
async def reveal(request: Request, parts: Parts, person: Reveals, evidence_id: uuid.UUID) -> Response:
    """Note it, then show it once: the answer is kept by no browser, and to see it again is another reveal."""
    found, sealed = await _hidden(parts, evidence_id)
    values = await typed(request)
    reason, errors = check(Reason, values)
    if reason is None:
        fields = inputs(Reason, values, errors)
        return page(request, "reveals/reveal.html", status=422, found=found, fields=fields, errors=errors)
    async with parts.database.session() as session:
        await reveals.note(session, found, person, reason.why, parts.clock())
    spots = _spots(await opened(parts, sealed))
    picture = await opened(parts, found) if found.kind == "screenshot" else b""
    return page(
        request, "reveals/shown.html", found=found, spots=spots, why=reason.why, size=_size(picture), at=parts.clock()
    )


async def _hidden(parts: Collaborators, evidence_id: uuid.UUID) -> tuple[Evidence, Evidence]:
    """The masked piece, and what stands under its masks."""
    found = await find(parts, evidence_id)
    async with parts.database.session() as session:
        sealed = await evidence_store.sealed_of(session, found)
    if sealed is None or sealed.dropped or sealed.removed_at is not None:
        raise Problem(
            410,
            "nothing_to_reveal",
            "What stood under these masks is not kept (any more).",
            kept="The masked evidence is.",
        )
    return found, sealed


def _spots(sealed: bytes) -> list[Spot]:
    found: list[dict[str, Any]] = json.loads(sealed)
    return [Spot(_called(one["name"]), one["text"], tuple(one["place"]) if one.get("place") else None) for one in found]


def _called(name: str) -> str:
    """A field by its name on the screen, without the letter that screens put before names."""
    return words.humanised(name[2:] if name[1:2] == "_" else name)


def _size(picture: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, from its head."""
    return struct.unpack(">II", picture[16:24]) if picture[:4] == b"\x89PNG" else None
