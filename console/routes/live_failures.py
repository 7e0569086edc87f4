"""Streams beside the failure queue: what is new since a page was drawn. Nothing on it moves by itself."""

import uuid
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from console.access import Parts, SeesFailures
from console.pages import fragment
from console.problems import not_found
from console.routes.live import stream
from records import failure_mark, failure_news
from records.access import Person
from records.failure import FailureGroup

router = APIRouter(prefix="/live/failures")


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesFailures, after: datetime) -> StreamingResponse:
    """How many groups are new, or failed again, since the list was drawn."""

    async def draw(_person: Person) -> tuple[str, int]:
        async with parts.database.session() as session:
            new, again = await failure_news.later(session, after)
        return fragment(request, "failures/later.html", new=new, again=again), _now(parts.clock())

    return stream(request, None, 0, draw)


@router.get("/{group_id}")
async def one(
    request: Request, parts: Parts, _person: SeesFailures, group_id: uuid.UUID, times: int = 0, mark: str = ""
) -> StreamingResponse:
    """How often the group failed since its page was drawn, and whether somebody did something to it."""
    async with parts.database.session() as session:
        if await session.get(FailureGroup, group_id) is None:
            raise not_found("This group of failures")

    async def draw(_person: Person) -> tuple[str, int]:
        async with parts.database.session() as session:
            group = await session.get(FailureGroup, group_id)
        more = max(group.times - times, 0) if group is not None else 0
        other = group is not None and failure_mark.mark(group) != mark
        return fragment(request, "failures/more.html", more=more, other=other), _now(parts.clock())

    return stream(request, None, 0, draw)


def _now(moment: datetime) -> int:
    return int(moment.timestamp())
