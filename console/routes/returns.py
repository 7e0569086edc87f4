"""A return: whoever has a case gives it back to whoever offered it, with the reason."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import deeds
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import ReturnIt, Words

router = APIRouter(prefix="/cases/{number}/returns", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/returns", tags=["desk"])


class ReturnAsked(Asked):
    """Why it goes back: what whoever offered it has to say or to mend."""

    reason: Words


def read(values: Mapping[str, str], _desk: Desk) -> tuple[Asked | None, Errors]:
    """The reason as it was typed."""
    return deeds.read(ReturnAsked, values, {"back_reason": "reason"})


RETURN = Deed(form="return", update="return_it", act=ReturnIt, read=read, leaves=True)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is returned on the workbench."""
    return go(f"/desk/{number}#return")


@router.post("")
async def give_back(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Return it; whoever offered it reads the reason, and answers."""
    return await deeds.post(request, parts, person, number, RETURN)


@api.post("", responses=ANSWERS)
async def give_back_by_program(
    parts: Parts, person: PicksUp, number: str, asked: ReturnAsked, idempotency_key: Key = ""
) -> Told:
    """Return a case that this person has to whoever offered it."""
    return await deeds.by_program(parts, person, number, RETURN, asked, idempotency_key)
