"""Changes of legacy systems: noted before or after the fact, edited, withdrawn; and what was entered since."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console import change_form, change_view, wishes
from console.access import MindsChanges, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, check, inputs, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from records import system_changes, watches
from records.access import Action, Person
from records.system_change import SystemChange
from records.system_changes import PAGE, Show
from records.watches import Watch

router = APIRouter(prefix="/system-changes", route_class=KeepsTyped)

LISTED = 50


class Why(BaseModel):
    """Why a change is withdrawn."""

    model_config = ConfigDict(frozen=True)

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)] = Field(title="Why")


@router.get("")
async def listing(request: Request, parts: Parts, _person: MindsChanges, before: uuid.UUID | None = None) -> Response:
    """Every change, the latest first."""
    async with parts.database.session() as session:
        found = await system_changes.listed(session, LISTED + 1, before)
        wrong = await system_changes.wrong_ones(session, found)
    older = found[LISTED - 1].id if len(found) > LISTED else None
    return page(
        request,
        "system_changes/list.html",
        rows=found[:LISTED],
        wrong=wrong,
        older=older,
        view=change_view,
        first=before,
    )


@router.get("/new")
async def new(request: Request, parts: Parts, person: MindsChanges, system: str = "", operation: str = "") -> Response:
    """The form of a change that is not noted yet."""
    return _form(request, parts, person, None, {"where": f"{system}/{operation}".rstrip("/"), "time_zone": "UTC"})


@router.post("")
async def create(request: Request, parts: Parts, person: MindsChanges) -> Response:
    """Note a change, and put the next entries under watch where that was asked for."""
    values, now = await typed(request), parts.clock()
    asked, errors = change_form.check(values, parts.places(), now)
    if asked is None:
        return _form(request, parts, person, None, values, errors)
    first = asked.watch_first if person.may(Action.APPROVE_FILLED) else 0
    async with parts.database.session() as session:
        change = await system_changes.note(session, asked.noted, values.get("key") or new_key(), person.email, now)
        if first and not await watches.of_change(session, change.id):
            session.add(_watch(change, first, person))
    return go(f"/system-changes/{change.id}", "Noted." + (f" The next {first} entries stop filled." if first else ""))


@router.get("/{change_id}")
async def one(
    request: Request,
    parts: Parts,
    _person: MindsChanges,
    change_id: uuid.UUID,
    show: Show | None = None,
    after: uuid.UUID | None = None,
) -> Response:
    """What changed, and every item that was done since."""
    change = await find(parts, change_id)
    async with parts.database.session() as session:
        tally = await system_changes.tally(session, change)
        shown = show or change_view.first(tally)
        rows = await system_changes.items(session, change, shown, after=after, limit=PAGE + 1)
        watched = await watches.of_change(session, change.id)
    return page(
        request,
        "system_changes/one.html",
        change=change,
        tally=tally,
        show=shown,
        rows=rows[:PAGE],
        more=rows[PAGE - 1].item.id if len(rows) > PAGE else None,
        after=after,
        watched=watched,
        view=change_view,
        counts=change_view.counts(tally),
        most=system_changes.COUNTED,
        key=new_key(),
    )


@router.get("/{change_id}/edits")
async def edit_form(request: Request, parts: Parts, person: MindsChanges, change_id: uuid.UUID) -> Response:
    """The change, to be said otherwise."""
    change = await find(parts, change_id)
    return _form(request, parts, person, change, change_form.kept(change))


@router.post("/{change_id}/edits")
async def edit(request: Request, parts: Parts, person: MindsChanges, change_id: uuid.UUID) -> Response:
    """Say it otherwise; who comes too late sees what stands there now, and keeps what they wrote."""
    values, now = await typed(request), parts.clock()
    change = await find(parts, change_id)
    asked, errors = change_form.check(values, parts.places(), now)
    if asked is None:
        return _form(request, parts, person, change, values, errors)
    async with parts.database.session() as session:
        known = await system_changes.locked(session, change_id)
        if known is not None and values.get("seen") == str(known.revision) and known.withdrawn_at is None:
            await system_changes.edit(session, known, asked.noted, person.email, now)
            known = None
    if known is not None:
        return _form(request, parts, person, known, values, problem=_meanwhile(known))
    return go(f"/system-changes/{change_id}", "Changed. The list goes by it.")


@router.post("/{change_id}/withdrawals")
async def withdraw(request: Request, parts: Parts, person: MindsChanges, change_id: uuid.UUID) -> Response:
    """It was none after all; what was marked stays."""
    await find(parts, change_id)
    asked, errors = check(Why, await typed(request))
    if asked is None:
        return go(f"/system-changes/{change_id}", f"Not withdrawn. Why: {errors[0].message}", "bad")
    async with parts.database.session() as session:
        known = await system_changes.locked(session, change_id)
        withdrawn = known is not None and known.withdrawn_at is None
        if known is not None and withdrawn:
            await system_changes.withdraw(session, known, asked.why, person.email, parts.clock())
    return go(f"/system-changes/{change_id}", "Withdrawn." if withdrawn else "It was withdrawn before.")


async def find(parts: Collaborators, change_id: uuid.UUID) -> SystemChange:
    """The change; 404 when there is none."""
    async with parts.database.session() as session:
        found = await session.get(SystemChange, change_id)
    if found is None:
        raise not_found("This change")
    return found


def _watch(change: SystemChange, first: int, person: Person) -> Watch:
    return Watch(
        system=change.system,
        environment=change.environment,
        operation=change.operation,
        first_items=first,
        why=change.what.split("\n", 1)[0][:200],
        added_by=person.email,
        since=max(change.at, change.noted_at),
        change_id=change.id,
    )


def _meanwhile(change: SystemChange) -> Problem:
    if change.withdrawn_at is not None:
        said = f"{change.withdrawn_by} withdrew it meanwhile: {change.withdrawn_why}"
        return Problem(409, "withdrawn", said, kept="Nothing was changed; what you typed is below.")
    said = f"{change.edited_by} changed it meanwhile."
    return Problem(409, "stale", said, kept="What you typed is below; send it again to have it so after all.")


def _form(
    request: Request,
    parts: Collaborators,
    person: Person,
    change: SystemChange | None,
    values: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    *,
    problem: Problem | None = None,
) -> Response:
    watching = change is None and person.may(Action.APPROVE_FILLED)
    return page(
        request,
        "system_changes/form.html",
        status=problem.status if problem else 422 if errors else 200,
        change=change,
        fields=change_form.fields(values, errors, parts.places(), watches=watching),
        reason=inputs(Why)[0],
        labels=change_form.LABELS,
        errors=errors,
        problem=problem,
        zones=["UTC", *wishes.zones()],
        seen=change.revision if change else 0,
        key=values.get("key") or new_key(),
    )
