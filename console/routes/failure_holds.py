"""A hold of an operation behind a group of failures is ended by a person: the line goes on, in its order."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from console.access import Parts, ReviewsFailures
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go
from records import operation_holds

router = APIRouter(prefix="/failures/{group_id}/holds/{hold_id}", route_class=KeepsTyped)


class Ending(BaseModel):
    """Why it may go on."""

    model_config = ConfigDict(frozen=True)

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


@router.post("/endings")
async def end(
    request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID, hold_id: uuid.UUID
) -> Response:
    """Let the line go on."""
    here = f"/failures/{group_id}"
    asked, errors = check(Ending, await typed(request))
    if asked is None:
        return go(here, f"Why it may go on: {errors[0].message}", "bad")
    async with parts.database.session() as session:
        ended = await operation_holds.end(session, hold_id, person.email, parts.clock(), asked.why)
    said = (
        "The hold is over: those in line go on in their order, as seats are free." if ended else "It had ended before."
    )
    return go(here, said)
