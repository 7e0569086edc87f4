"""What an agent does with a case they have: checked as it is typed, told to its handoff, refused where it was typed."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Header, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from console import bench_page, changed, entry_desk, moments, telling, workbench
from console.bench_page import NOTHING, Written
from console.collaborators import Collaborators
from console.forms import FieldError, check, new_key, typed
from console.pages import go
from console.problems import ErrorAnswer, Problem
from records import queues, told_preference
from records.access import Person
from records.desk import AtDesk
from records.people import Role
from records.stuck import BOT
from workflows.acts import Act, Told

Errors = tuple[FieldError, ...]
Where = str | uuid.UUID
"""A case by its number, or a handoff by its own id."""
M = TypeVar("M", bound=BaseModel)
Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
ANSWERS: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer},
    422: {"model": ErrorAnswer},
    503: {"model": ErrorAnswer},
}


class Asked(BaseModel):
    """Base of what a form or a program asks for; who asks is known otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Desk:
    """What a form is checked against: who asks about what, when and where, and who could take it."""

    person: Person
    found: AtDesk
    now: datetime
    zone: ZoneInfo
    people: Mapping[str, Role] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)


Reader = Callable[[Mapping[str, str], Desk], tuple[Asked | None, Errors]]


@dataclass(frozen=True)
class Deed:
    """One form of the workbench: how it is read, and which Update carries it. `leaves`: afterwards the person has the
    case no longer, and goes on with the desk."""

    form: str
    update: str
    act: type[Act]
    read: Reader
    leaves: bool = False


async def post(request: Request, parts: Collaborators, person: Person, at: Where, deed: Deed) -> Response:
    """Read the form and tell the handoff; or its page again, with everything typed and why not."""
    values = await typed(request)
    desk = await around(parts, person, await find(parts, at), values)
    written = Written(deed.form, values, differences=changed.since(values.get(changed.FIELD, ""), desk.found))
    if written.differences:
        return await draw(request, parts, desk.found, person, written)
    asked, errors = deed.read(values, desk)
    if asked is None:
        return await draw(request, parts, desk.found, person, replace(written, errors=errors))
    try:
        told = await send(parts, person, desk.found, deed, asked, values)
    except Problem as problem:
        return await refused(request, parts, person, at, written, problem)
    if deed.leaves:
        return go("/desk", f"{desk.found.case.number}: {told.message}")
    return go(desk.found.path if isinstance(at, uuid.UUID) else f"/desk/{at}", told.message)


async def find(parts: Collaborators, at: Where) -> AtDesk:
    """The handoff: the one that a case's number means, or this very one."""
    return await (entry_desk.find(parts, at) if isinstance(at, uuid.UUID) else workbench.find(parts, at))


async def draw(
    request: Request, parts: Collaborators, found: AtDesk, person: Person, written: Written = NOTHING
) -> Response:
    """Its page: that of an entry which a bot passed on, or the workbench of a case."""
    if found.handoff.kind == BOT:
        return await entry_desk.draw(request, parts, found, person, written)
    return await bench_page.draw(request, found, person, written)


async def refused(
    request: Request, parts: Collaborators, person: Person, at: Where, written: Written, problem: Problem
) -> Response:
    """The page as it is by now, for whoever was second: both sides where something changed, and what was typed."""
    found = await find(parts, at)
    differences = changed.since(written.values.get(changed.FIELD, ""), found) if problem.status == 409 else []
    told = replace(written, differences=differences) if differences else replace(written, problem=problem)
    return await draw(request, parts, found, person, told)


async def by_program(parts: Collaborators, person: Person, number: str, deed: Deed, asked: Asked, key: str) -> Told:
    """The same for a program; the same `Idempotency-Key` twice counts once."""
    return await send(parts, person, await workbench.find(parts, number), deed, asked, {"key": key})


async def send(
    parts: Collaborators, person: Person, found: AtDesk, deed: Deed, asked: BaseModel, values: Mapping[str, str]
) -> Told:
    """Tell the handoff's workflow, with what the form's page showed: on something else it is not done."""
    act = deed.act.model_validate({**asked.model_dump(), "by": person.id, "shown": changed.seen(values)})
    key = values.get("key") or new_key()
    return await telling.tell(parts, telling.handoff_workflow(found.handoff.id), deed.update, act, key)


async def around(parts: Collaborators, person: Person, found: AtDesk, values: Mapping[str, str]) -> Desk:
    """What the form is checked against."""
    now = parts.clock()
    async with parts.database.session() as session:
        wishes = (await told_preference.of(session, {person.email}, now))[person.email]
        people = await queues.members(session, now)
        places = await queues.queues(session, now)
    return Desk(
        person=person,
        found=found,
        now=now,
        zone=moments.zone(values.get("zone", ""), wishes.time_zone),
        people={one.email: one.role for one in people},
        queues={name: queue.title for name, queue in places.items()},
    )


def read(model: type[M], values: Mapping[str, Any], names: Mapping[str, str]) -> tuple[M | None, Errors]:
    """The model made from the form's fields; `names` says which field of the form stands for which of the model."""
    made, errors = check(model, {of: values.get(name, "") for name, of in names.items()})
    back = {of: name for name, of in names.items()}
    return made, tuple(FieldError(field=back.get(one.field, one.field), message=one.message) for one in errors)
