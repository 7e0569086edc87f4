"""What the signed-in person was told: the newest first, opened by its link, read at once or all together."""

import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import told_words
from console.access import IsTold, Parts
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from records import tellings

router = APIRouter(prefix="/notices", route_class=KeepsTyped)

SIZE = 50


@router.get("")
async def listing(request: Request, parts: Parts, person: IsTold, before: uuid.UUID | None = None) -> Response:
    """Their own alone."""
    async with parts.database.session() as session:
        found = await tellings.listed(session, person.email, SIZE + 1, before)
    more, found = len(found) > SIZE, found[:SIZE]
    rows = [(row, told_words.kind(row.kind), *told_words.came_of(row)) for row in found]
    return page(request, "notices/list.html", rows=rows, older=found[-1].id if more else None, first=before is None)


@router.post("/readings")
async def read_all(parts: Parts, person: IsTold) -> Response:
    """They have seen them all."""
    async with parts.database.session() as session:
        await tellings.read(session, person.email, parts.clock())
    return go("/notices", "All are marked as read.")


@router.get("/{told_id}")
async def follow(parts: Parts, person: IsTold, told_id: uuid.UUID) -> Response:
    """Lead to what it is about; whoever follows it has read it, so that it is not sent any more."""
    async with parts.database.session() as session:
        row = await tellings.one_of(session, person.email, told_id)
        if row is None:
            raise not_found("This notice")
        await tellings.read(session, person.email, parts.clock(), row.id)
    return go(row.path)
