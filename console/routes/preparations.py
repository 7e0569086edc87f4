"""A preparation: a decision above an agent's own limit is typed by them, and offered to somebody who may make it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import bench_page, changed, deeds, workbench
from console.access import Parts, Resolves
from console.bench_page import Written
from console.deeds import Asked, Deed, Desk, Errors
from console.forms import FieldError, new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem
from console.routes.transfers import TRANSFER, TransferAsked
from handoff import limits
from handoff.resolution import Decision, Refund
from workflows.handoff_acts import Note

router = APIRouter(prefix="/cases/{number}/preparations", route_class=KeepsTyped)

_NOT_KEPT = {"key", "step", "urgent", "zone", "decider", changed.FIELD}


class Drafted(Asked):
    """The decision in words, and its fields as they were typed."""

    kind: Literal["prepared"] = "prepared"
    text: str
    values: dict[str, str]


def read(values: Mapping[str, str], desk: Desk) -> tuple[Asked | None, Errors]:
    """The decision as it was typed, whatever it is about; and somebody who is asked to make it."""
    decision, errors = workbench.understood(values, desk.found.packet, desk.now.date())
    if decision is not None and not _may_decide(values.get("decider", ""), decision, desk):
        errors = (*errors, FieldError(field="decider", message="Choose who is asked to decide."))
    if decision is None or errors:
        return None, errors
    kept = {name: text for name, text in values.items() if name not in _NOT_KEPT and text.strip()}
    return Drafted(text=workbench.in_words(decision), values=kept), ()


def _may_decide(email: str, decision: Decision, desk: Desk) -> bool:
    """Whether this is somebody else, who may decide about so much."""
    role = desk.people.get(email)
    if role is None or email == desk.person.email:
        return False
    return not isinstance(decision, Refund) or not limits.objection(role.value, decision.amount)


DRAFT = Deed(form="decide", update="note", act=Note, read=read)


@router.get("")
async def elsewhere(_person: Resolves, number: str) -> Response:
    """A decision is prepared on the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def prepare(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """Keep the draft on the timeline, and offer the case to whoever is asked; they find it filled in."""
    values = await typed(request)
    desk = await deeds.around(parts, person, await workbench.find(parts, number), values)
    written = Written("decide", values, differences=changed.since(values.get(changed.FIELD, ""), desk.found))
    if written.differences:
        return await bench_page.draw(request, desk.found, person, written)
    draft, errors = read(values, desk)
    if not isinstance(draft, Drafted):
        return await bench_page.draw(request, desk.found, person, replace(written, errors=errors))
    key = values.get("key") or new_key()
    offered = TransferAsked(to=values["decider"], reason=f"Please decide. Prepared: {draft.text}"[:1000])
    try:
        await deeds.send(parts, person, desk.found, DRAFT, draft, {**values, "key": f"{key}-draft"})
        told = await deeds.send(parts, person, desk.found, TRANSFER, offered, {**values, "key": key})
    except Problem as problem:
        return await deeds.refused(request, parts, person, number, written, problem)
    return go("/desk", f"{number}: {told.message}")
