"""Putting aside: whoever has a case keeps it, and it comes back to them at a moment."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from console import deeds, moments
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import ComeBack, Words

router = APIRouter(prefix="/cases/{number}/asides", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/asides", tags=["desk"])


class AsideAsked(Asked):
    """Until when and why, and whether the clocks stand meanwhile."""

    at: AwareDatetime
    why: Words
    pauses: bool = False


def read(values: Mapping[str, str], desk: Desk) -> tuple[Asked | None, Errors]:
    """The moment and the reason as they were typed."""
    until, wrong = moments.read(values, "aside", desk.now, desk.zone)
    pauses = "yes" if values.get("aside_pauses") else "no"
    typed = {"aside_why": values.get("aside_why", ""), "aside_at": until or desk.now, "aside_pauses": pauses}
    made, errors = deeds.read(AsideAsked, typed, {"aside_at": "at", "aside_why": "why", "aside_pauses": "pauses"})
    errors = (*errors, *wrong)
    return (None, errors) if errors else (made, ())


ASIDE = Deed(form="aside", update="come_back", act=ComeBack, read=read, leaves=True)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is put aside on the workbench."""
    return go(f"/desk/{number}#aside")


@router.post("")
async def put_aside(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Put it aside, and go on with the desk."""
    return await deeds.post(request, parts, person, number, ASIDE)


@api.post("", responses=ANSWERS)
async def put_aside_by_program(
    parts: Parts, person: PicksUp, number: str, asked: AsideAsked, idempotency_key: Key = ""
) -> Told:
    """Put a case aside that this person has, until a moment."""
    return await deeds.by_program(parts, person, number, ASIDE, asked, idempotency_key)
