"""A group of failures is put aside: until a time, or until so many of it are open; or it is woken again."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import moments
from console.access import Parts, ReviewsFailures
from console.forms import FieldError, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.routes.failure_fixes import find
from records import failure_snooze
from records.failure import FailureGroup

router = APIRouter(prefix="/failures/{group_id}/snoozes", route_class=KeepsTyped)

PRESETS = ("1h", "4h", "tomorrow", "3d")
MOST = 1_000_000


@router.get("")
async def form(request: Request, parts: Parts, _person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Until when."""
    return _draw(request, await find(parts, group_id), {})


@router.post("")
async def snooze(request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Put it aside."""
    group, values, now = await find(parts, group_id), await typed(request), parts.clock()
    until, count, errors = _read(group, values, now)
    if errors:
        return _draw(request, group, values, errors)
    async with parts.database.session() as session:
        await failure_snooze.snooze(session, group_id, until, count, person.email, now)
    return go(f"/failures/{group_id}", "Snoozed: nobody is told of it until then.")


@router.delete("")
async def wake(parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Wake it."""
    await find(parts, group_id)
    async with parts.database.session() as session:
        await failure_snooze.snooze(session, group_id, None, None, person.email, parts.clock())
    return go(f"/failures/{group_id}", "It is awake.")


@router.post("/endings")
async def end(parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Wake it, as a browser's form asks for it."""
    return await wake(parts, person, group_id)


def _read(
    group: FailureGroup, values: dict[str, str], now: datetime
) -> tuple[datetime | None, int | None, list[FieldError]]:
    """Until when, or until how many, whichever was chosen; or what is wrong with it."""
    if values.get("snooze_when") != "count":
        until, wrong = moments.read(values, "snooze", now, moments.zone(values.get("zone", "")))
        return until, None, list(wrong)
    text = values.get("count", "").strip()
    count = int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else 0
    if not group.open < count <= MOST:
        said = f"A number above the {group.open:,} that are open now, at most {MOST:,}."
        return None, None, [FieldError(field="count", message=said)]
    return None, count, []


def _draw(request: Request, group: FailureGroup, values: dict[str, str], errors: Sequence[FieldError] = ()) -> Response:
    return page(
        request,
        "failure_snoozes/form.html",
        path="/failures",
        status=422 if errors else 200,
        group=group,
        options=moments.options(PRESETS),
        values=values,
        errors=errors,
        wrong={error.field: error.message for error in errors},
    )
