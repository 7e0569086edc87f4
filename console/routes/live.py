"""Streams that keep open pages true: one of a case, one that counts what is new beside a list, one of the bell."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import APIRouter, Request
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import StreamingResponse

from console import bulk_view, case_view
from console.access import IsTold, Parts, SeesCases, identify
from console.case_view import CaseView
from console.live import BEAT_MESSAGE, Bells, Wake, message
from console.next_step import next_step
from console.pages import fragment
from console.problems import not_found
from console.routes.withdrawals import may_withdraw
from records import bulk_feed, told
from records.access import Action, Person
from records.trail import Event

router = APIRouter(prefix="/live")

GATHER = 0.25
"""Seconds in which changes that belong together are gathered into one drawing."""
Draw = Callable[[Person], Awaitable[tuple[str, int]]]


@router.get("/cases")
async def listing(request: Request, parts: Parts, _person: SeesCases, after: int = 0) -> StreamingResponse:
    """How many cases are new or changed since the list was drawn."""

    async def draw(_person: Person) -> tuple[str, int]:
        async with parts.database.session() as session:
            new, changed, newest = await _since(session, after)
        return fragment(request, "cases/news.html", new=new, changed=changed), newest

    return stream(request, None, after, draw)


@router.get("/cases/{number}")
async def one(request: Request, parts: Parts, _person: SeesCases, number: str, after: int = 0) -> StreamingResponse:
    """The case's page, drawn anew whenever something happened."""
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
    if case is None:
        raise not_found("Case", number)

    async def draw(person: Person) -> tuple[str, int]:
        async with parts.database.session() as session:
            fresh = await case_view.by_number(session, number)
            view: CaseView = await case_view.gather(session, fresh or case, parts.clock())
        words = {"facts": case_view.facts(view.report), "may_withdraw": may_withdraw(view.case, person)}
        html = fragment(request, "cases/live.html", view=view, next=next_step(view, person), **words)
        return html, view.last_event

    return stream(request, str(case.id), after, draw)


@router.get("/bulk-actions/{bulk_id}")
async def bulk_action(
    request: Request, parts: Parts, _person: SeesCases, bulk_id: uuid.UUID, show: str = "", after: int = -1
) -> StreamingResponse:
    """How a bulk action stands, drawn anew whenever something of it happened."""

    async def draw(person: Person) -> tuple[str, int]:
        found = await bulk_view.view(parts, person, bulk_id, show, after)
        html = fragment(request, "bulk_actions/live.html", view=found, fates=bulk_view.FATES)
        return html, int(parts.clock().timestamp())

    return stream(request, bulk_feed.bell(bulk_id), 0, draw)


@router.get("/told")
async def told_count(request: Request, parts: Parts, person: IsTold) -> StreamingResponse:
    """The bell: how many notices this person has not read, whenever that changes."""

    async def draw(_person: Person) -> tuple[str, int]:
        return fragment(request, "parts/bell.html"), int(parts.clock().timestamp())

    return stream(request, told.bell(person.email), 0, draw)


def stream(request: Request, case_id: str | None, after: int, draw: Draw) -> StreamingResponse:
    """A part of a page, drawn anew whenever its case, or any case without one, changed."""
    bells: Bells = request.app.state.bells
    last = request.headers.get("last-event-id", "")
    seen = int(last) if last.isdigit() else after

    async def events() -> AsyncIterator[str]:
        with bells.stream(case_id) as wake:
            async for text in _texts(request, bells, wake, seen, draw):
                yield text

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


async def _texts(request: Request, bells: Bells, wake: Wake, seen: int, draw: Draw) -> AsyncIterator[str]:
    """What has been missed at once; then each change, and a beat in silence. Ends with the person's session."""
    shown = ""
    while not bells.closing:
        person = await _viewer(request)
        if person is None:
            return
        html, newest = await draw(person)
        if (newest > seen or shown) and html != shown:
            if await _viewer(request) is None:
                return  # disabled before what was drawn had happened
            yield message(html, newest)
        shown = html
        while not await wake.wait():
            yield BEAT_MESSAGE
        await asyncio.sleep(GATHER)


async def _viewer(request: Request) -> Person | None:
    """Who looks on, while they may."""
    person = await identify(request)
    return person if person is not None and person.may(Action.SEE_CASES) else None


async def _since(session: AsyncSession, after: int) -> tuple[int, int, int]:
    """New cases, changed cases, and the newest event's number, up to which they are counted."""
    newest = (await session.exec(select(func.max(Event.id)))).one() or after
    later = select(Event.case_id, func.bool_or(col(Event.name) == "case.received").label("new"))
    grouped = (
        later.where(col(Event.id).between(after + 1, newest), col(Event.case_id).is_not(None))
        .group_by(col(Event.case_id))
        .subquery()
    )
    counted = select(func.count().filter(grouped.c.new), func.count().filter(~grouped.c.new)).select_from(grouped)
    new, changed = (await session.exec(counted)).one()
    return new, changed, newest
