"""By which way an item goes on: a person takes it over or gives it back, another way, a watched form approved."""

import json
import uuid
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from console import item_acts
from console.access import ActsOnItems, ApprovesFilled, Parts
from console.forms import Input, check, field_errors, typed
from console.kept import KeepsTyped
from console.problems import Problem
from console.routes.items import FROZEN, Decision, Found, Reason, at_once, decide, draw, find, tell
from systems.registry import SYSTEMS
from workflows.acts import Act, ApproveFilled, GiveBack, RerouteItem, TakeOver

router = APIRouter(prefix="/items/{item_id}", route_class=KeepsTyped)


class Back(BaseModel):
    """Why a bot may go on with it."""

    model_config = FROZEN

    why: str = Field("", title="Why", description="For colleagues who look at this later.", max_length=300)


RETURN = Decision("returns", "give_back", Back)
REROUTE = Decision("reroutes", "reroute", Reason)


@router.post("/holds")
async def take_over(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Keep the bots away: the person keys it."""
    return await at_once(request, parts, item_id, "take_over", TakeOver(by=person.id))


@router.get("/returns")
async def return_form(request: Request, parts: Parts, _person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """What giving it back means; with the images, where the screen is known to show something else."""
    return draw(request, await find(parts, item_id), RETURN, {})


@router.post("/returns")
async def give_back(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Let a bot go on, after a look."""
    found, form = await find(parts, item_id), await typed(request)
    truth: Literal["", "screen", "ours"] = "screen" if form.get("truth") == "screen" else "ours"
    seen = shown(form, "seen")
    if not seen and (found.card.operation.searchable or form.get("truth") != "ours"):
        truth = ""

    def act(back: Back) -> Act:
        return GiveBack(by=person.id, truth=truth, seen=seen, why=back.why)

    return await decide(request, parts, item_id, RETURN, act)


@router.get("/reroutes")
async def reroute_form(request: Request, parts: Parts, _person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """The other ways to this system."""
    found = await find(parts, item_id)
    return draw(request, found, REROUTE, {}, more=(_ways(found, ""),))


@router.post("/reroutes")
async def reroute(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Send it by another way, with a reason."""
    found, form = await find(parts, item_id), await typed(request)
    why, errors = check(Reason, form)
    chosen = _ways(found, form.get("route", ""))
    if why is None:
        return draw(request, found, REROUTE, form, errors=errors, more=(chosen,))
    try:
        act = RerouteItem(by=person.id, route=form.get("route", ""), reason=why.reason)
    except ValidationError as trouble:
        return draw(request, found, REROUTE, form, errors=field_errors(trouble.errors()), more=(chosen,))
    return await tell(request, parts, found, REROUTE, act, more=(chosen,))


@router.post("/approvals")
async def approve(request: Request, parts: Parts, person: ApprovesFilled, item_id: uuid.UUID) -> Response:
    """Let a watched form be submitted, with exactly the values that the page showed."""
    act = ApproveFilled(by=person.id, values=shown(await typed(request), "values"))
    return await at_once(request, parts, item_id, "approve", act)


def shown(form: dict[str, str], name: str) -> dict[str, str]:
    """The texts that a page showed and sends back with a person's word; a Problem when they are no such texts."""
    try:
        found = json.loads(form.get(name) or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Problem(422, "input_refused", "The form was not complete.", kept="Nothing was changed.")
    return found


def _ways(found: Found, value: str) -> Input:
    routes = SYSTEMS[found.card.item.system].routes
    return Input(
        name="route",
        label="Way",
        kind="choice",
        value=value,
        options=tuple(item_acts.ways(found.card.item, routes)),
    )
