"""A take-up: whoever put a case aside goes on with it before its moment has come."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import deeds
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Act, Told

router = APIRouter(prefix="/cases/{number}/takeups", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/takeups", tags=["desk"])


def read(_values: Mapping[str, str], _desk: Desk) -> tuple[Asked | None, Errors]:
    """There is nothing to type."""
    return Asked(), ()


TAKE_UP = Deed(form="takeup", update="take_up", act=Act, read=read)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is taken up on the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def take_up(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Go on with it now; the clocks go on too."""
    return await deeds.post(request, parts, person, number, TAKE_UP)


@api.post("", responses=ANSWERS)
async def take_up_by_program(parts: Parts, person: PicksUp, number: str, idempotency_key: Key = "") -> Told:
    """Go on with a case that this person has put aside."""
    return await deeds.by_program(parts, person, number, TAKE_UP, Asked(), idempotency_key)
