"""A group of failures: its page, and what people do to it. A stale page is answered with what is true now."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from console import failure_next, failure_page, failure_words, words
from console.access import NotesOnFailures, Parts, ReviewsFailures, SeesFailures
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page, with_query
from console.problems import Problem, not_found
from records import failure_deeds, failure_groups, failure_merges, operation_holds
from records.access import Person
from records.failure import FailureGroup, FailureMerge
from records.failure_deeds import Deed
from records.failure_groups import CannotMove
from records.failure_mark import Stale
from records.failure_merges import CannotMerge

router = APIRouter(prefix="/failures/{group_id}", route_class=KeepsTyped)

Do = Callable[[AsyncSession, Deed], Awaitable[object]]


class Comment(BaseModel):
    """A word about a group."""

    model_config = ConfigDict(frozen=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Owner(BaseModel):
    """Who looks after it; empty is nobody."""

    model_config = ConfigDict(frozen=True)

    owner: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=200)] = ""


class Ticket(BaseModel):
    """Where IT works on it."""

    model_config = ConfigDict(frozen=True)

    ticket: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class Merge(BaseModel):
    """Which other group is the same cause, and why."""

    model_config = ConfigDict(frozen=True)

    other: uuid.UUID
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)] = Field(title="Why")


@router.get("")
async def one(request: Request, parts: Parts, person: SeesFailures, group_id: uuid.UUID) -> Response:
    """The group; one that was merged leads to what it was merged into."""
    return await draw(request, parts, person, group_id)


@router.post("/owners")
async def own(request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Take it, give it to somebody, or leave it to nobody."""
    asked, _ = check(Owner, await typed(request))
    to = asked.owner if asked is not None else ""
    async with parts.database.session() as session:
        known = {one.email for one in await failure_page.people(session)}
    if asked is None or (to and to not in known):
        problem = _wrong(f"Nobody with the address {to} can have it.")
        return await draw(request, parts, person, group_id, problem=problem)
    said = f"{'You look' if to == person.email else f'{to} looks'} after it." if to else "Nobody looks after it now."
    return await _do(request, parts, person, said, lambda session, deed: failure_deeds.own(session, group_id, deed, to))


@router.post("/acknowledgements")
async def acknowledge(request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Say that it was read."""
    said = "Acknowledged."
    return await _do(
        request, parts, person, said, lambda session, deed: failure_deeds.acknowledge(session, group_id, deed)
    )


@router.post("/tickets")
async def ticket(request: Request, parts: Parts, person: NotesOnFailures, group_id: uuid.UUID) -> Response:
    """Note where IT works on it."""
    asked, errors = check(Ticket, await typed(request))
    if asked is None:
        return await draw(request, parts, person, group_id, problem=_wrong(f"Ticket: {errors[0].message}"))
    number = asked.ticket
    said = "Noted." if number else "Taken away."
    return await _do(
        request, parts, person, said, lambda session, deed: failure_deeds.ticket(session, group_id, deed, number)
    )


@router.post("/comments")
async def comment(request: Request, parts: Parts, person: NotesOnFailures, group_id: uuid.UUID) -> Response:
    """Say something about it."""
    values = await typed(request)
    asked, errors = check(Comment, values)
    if asked is None:
        return await draw(request, parts, person, group_id, problem=_wrong(f"Comment: {errors[0].message}"))
    await find(parts, group_id)
    key = values.get("key") or new_key()
    async with parts.database.session() as session:
        await failure_deeds.comment(session, group_id, key, asked.text, person.email, parts.clock())
    return go(f"/failures/{group_id}#history", "Kept.")


@router.post("/merges")
async def merge(request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Say that another group is the same cause."""
    asked, errors = check(Merge, await typed(request))
    if asked is None:
        said = "Choose the group that is the same cause." if errors[0].field == "other" else f"Why: {errors[0].message}"
        return await draw(request, parts, person, group_id, problem=_wrong(said))
    other, why = asked.other, asked.why
    await find(parts, other)
    said = "One group now. Taken back, each has its own failures again."
    return await _do(
        request,
        parts,
        person,
        said,
        lambda session, deed: failure_deeds.merge(session, group_id, deed, other, why),
    )


@router.post("/merges/{merge_id}/endings")
async def unmerge(parts: Parts, person: ReviewsFailures, group_id: uuid.UUID, merge_id: uuid.UUID) -> Response:
    """Take a merge back, as a browser's form asks for it."""
    return await separate(parts, person, group_id, merge_id)


@router.delete("/merges/{merge_id}")
async def separate(parts: Parts, person: ReviewsFailures, group_id: uuid.UUID, merge_id: uuid.UUID) -> Response:
    """Take a merge back."""
    await find(parts, group_id)
    try:
        async with parts.database.session() as session:
            if await session.get(FailureMerge, merge_id) is None:
                raise not_found("This merge")
            await failure_merges.unmerge(session, merge_id, person.email, parts.clock())
    except CannotMerge as trouble:
        return go(f"/failures/{group_id}", str(trouble), "bad")
    return go(f"/failures/{group_id}", "Taken back: both are groups of their own again.")


async def find(parts: Collaborators, group_id: uuid.UUID) -> FailureGroup:
    """The group, or the one it was merged into; 404 when there is none."""
    async with parts.database.session() as session:
        group = await session.get(FailureGroup, group_id)
        if group is None:
            raise not_found("This group of failures")
        return group if group.merged_into is None else await failure_groups.root(session, group.merged_into)


async def draw(
    request: Request, parts: Collaborators, person: Person, group_id: uuid.UUID, *, problem: Problem | None = None
) -> Response:
    """The page; with a problem it says what is true now and keeps what was typed."""
    group = await find(parts, group_id)
    if group.id != group_id and problem is None:
        return go(f"/failures/{group.id}", "That group was merged into this one.", "note")
    async with parts.database.session() as session:
        view = await failure_page.gather(session, group, failure_page.read(request.query_params), parts.clock())
        holds = await operation_holds.lines(session, group.id)
    here = f"/failures/{group.id}"
    return page(
        request,
        "failures/group.html",
        status=problem.status if problem else 200,
        path="/failures",
        view=view,
        holds=holds,
        group=group,
        here=here,
        problem=problem,
        kept=await typed(request) if problem else {},
        all_right=failure_next.all_right(group, view.tally),
        next=failure_next.next_of(group, person),
        meaning=words.fault(group.code),
        said=failure_words,
        more=with_query(here, {**view.filtered, "after": view.next}) if view.next else "",
        key=new_key(),
    )


async def _do(request: Request, parts: Collaborators, person: Person, said: str, do: Do) -> Response:
    group_id = uuid.UUID(request.path_params["group_id"])
    await find(parts, group_id)
    deed = Deed((await typed(request)).get("seen", ""), person.email, parts.clock())
    try:
        async with parts.database.session() as session:
            await do(session, deed)
    except Stale as stale:
        return await draw(request, parts, person, group_id, problem=_stale(stale))
    except CannotMove:
        meanwhile = "Its review has moved on: that cannot be said of it any more."
        problem = Problem(409, "moved_on", meanwhile, kept="Nothing was changed.")
        return await draw(request, parts, person, group_id, problem=problem)
    except CannotMerge as trouble:
        problem = Problem(409, "cannot_merge", str(trouble), kept="Nothing was changed; what you typed is kept.")
        return await draw(request, parts, person, group_id, problem=problem)
    return go(f"/failures/{group_id}", said)


def _stale(stale: Stale) -> Problem:
    last = stale.last
    what = f"{last.by}: {failure_words.act(last.what, last.data)}." if last else "It is not as it was."
    kept = "Nothing was changed. This page shows what is true now; what you typed is still in its form."
    return Problem(409, "stale", f"Meanwhile something was done. {what}", kept=kept)


def _wrong(said: str) -> Problem:
    return Problem(422, "invalid", said, kept="Nothing was changed; what you typed is still in its form.")
