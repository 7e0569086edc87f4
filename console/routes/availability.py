"""Whether somebody takes cases now: an agent says so on the desk; a supervisor can say it for them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from console.access import Parts, PicksUp
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go
from records import queues

router = APIRouter(prefix="/availability", route_class=KeepsTyped)

REASONS = ("on a break", "in a meeting", "in training", "off shift", "away")
Reason = Literal["on a break", "in a meeting", "in training", "off shift", "away"]
LONGEST = 60 * 24 * 60


class AwayAsked(BaseModel):
    """Away for so many minutes, 0 until they say otherwise, and why."""

    model_config = ConfigDict(frozen=True)

    reason: Reason
    minutes: Annotated[int, Field(ge=0, le=LONGEST)] = 0


@router.get("")
async def elsewhere(_person: PicksUp) -> Response:
    """It is said on the desk."""
    return go("/desk")


@router.post("")
async def change(request: Request, parts: Parts, person: PicksUp) -> Response:
    """There again, or away until a time; what this person has stays theirs."""
    form, now = await typed(request), parts.clock()
    if form.get("available"):
        async with parts.database.session() as session:
            await queues.keep_agent(session, person.id, _there(now), now, person.email)
        return go("/desk", "You are available: push queues give you cases again.")
    asked, errors = check(AwayAsked, form)
    if asked is None:
        return go("/desk", f"Nothing was changed. {errors[0].field.capitalize()}: {errors[0].message}", "bad")
    async with parts.database.session() as session:
        await queues.keep_agent(session, person.id, _away(asked, now), now, person.email)
    return go("/desk", "You are away: push queues give you nothing. What you have stays with you.")


def _there(now: datetime) -> dict[str, object]:
    return {"available_since": now, "away_since": None, "away_until": None, "away_reason": ""}


def _away(asked: AwayAsked, now: datetime) -> dict[str, object]:
    until = now + timedelta(minutes=asked.minutes) if asked.minutes else None
    return {"available_since": None, "away_since": now, "away_until": until, "away_reason": asked.reason}
