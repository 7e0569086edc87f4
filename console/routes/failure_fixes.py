"""A group of failures waits for a fix: which version of a bot, or which screen; and whether it then releases itself."""

import uuid
from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Parts, ReviewsFailures
from console.collaborators import Collaborators
from console.forms import typed
from console.item_acts import ROUTES
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from failure.states import Review, may_move
from records import bot_version, failure_fix, failure_groups
from records.failure import FailureGroup
from records.failure_fix import Wish
from records.failure_groups import CannotMove
from records.failure_mark import Stale, mark
from systems.registry import SYSTEMS

router = APIRouter(prefix="/failures/{group_id}/fixes", route_class=KeepsTyped)

LONGEST = 80


@router.get("")
async def form(request: Request, parts: Parts, _person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """What it can wait for, and what runs now."""
    return await _draw(request, parts, await find(parts, group_id), {})


@router.post("")
async def wait(request: Request, parts: Parts, person: ReviewsFailures, group_id: uuid.UUID) -> Response:
    """Have it wait for that; or for nothing any more."""
    group, values, here = await find(parts, group_id), await typed(request), f"/failures/{group_id}"
    if values.get("what") == "none":
        async with parts.database.session() as session:
            ended = await failure_fix.wait_no_more(session, group_id, person, parts.clock())
        return go(here, "It waits for no fix any more." if ended else "It did not wait for a fix.")
    wish, errors = _wish(group, values)
    if wish is None:
        return await _draw(request, parts, group, values, errors=errors, status=422)
    try:
        async with parts.database.session() as session:
            await failure_fix.wait(session, group_id, wish, person, parts.clock())
    except (CannotMove, Stale):
        stands = await find(parts, group_id)
        said = f"Meanwhile the group is {stands.review.value.replace('_', ' ')}; nothing was changed."
        return await _draw(request, parts, stands, values, errors=[said], status=409)
    released = " Once it is there, one entry is sent again, then the rest." if wish.releases_itself else ""
    return go(here, f"It waits for the fix.{released}")


async def find(parts: Collaborators, group_id: uuid.UUID) -> FailureGroup:
    """The group, or the one it was merged into; 404 when there is none."""
    async with parts.database.session() as session:
        if await session.get(FailureGroup, group_id) is None:
            raise not_found("This group of failures")
        return await failure_groups.root(session, group_id)


def _wish(group: FailureGroup, values: dict[str, str]) -> tuple[Wish | None, list[str]]:
    what, _, route = values.get("what", "").partition("/")
    version = values.get("version", "").strip()
    releases, seen = values.get("releases_itself") == "yes", values.get("seen", "")
    if what == "screen" and group.screen:
        return Wish(screen=group.screen, releases_itself=releases, seen=seen), []
    if what not in ("newer", "version") or route not in _routes(group):
        return None, ["Please choose what it waits for."]
    if what == "version" and not 0 < len(version) <= LONGEST:
        return None, ["Name the version, as the bot announces it."]
    return Wish(route=route, version=version if what == "version" else "", releases_itself=releases, seen=seen), []


def _routes(group: FailureGroup) -> Sequence[str]:
    return SYSTEMS[group.system].routes if group.system in SYSTEMS else ()


def _kept(group: FailureGroup) -> dict[str, str]:
    """What it waits for, as the form says it."""
    fix = failure_fix.fix_of(group)
    if fix is None or group.review is not Review.WAITING_FOR_FIX:
        return {}
    what = "screen" if fix.screen else f"version/{fix.route}" if fix.version else f"newer/{fix.route}"
    return {"what": what, "version": fix.version, "releases_itself": "yes" if group.releases_itself else "no"}


async def _draw(
    request: Request,
    parts: Collaborators,
    group: FailureGroup,
    values: dict[str, str],
    *,
    errors: Sequence[str] = (),
    status: int = 200,
) -> Response:
    if not (may_move(group.review, Review.WAITING_FOR_FIX) or group.review is Review.WAITING_FOR_FIX):
        raise Problem(409, "over", "Nothing of this group is open any more, so it waits for nothing.")
    async with parts.database.session() as session:
        ways = await bot_version.deployed(session)
        failed = await failure_fix.failed_versions(session, group.id)
    mine = [way for way in ways if (way.system, way.environment) == (group.system, group.environment)]
    return page(
        request,
        "failure_fixes/form.html",
        path="/failures",
        status=status,
        group=group,
        fix=failure_fix.fix_of(group) if group.review is Review.WAITING_FOR_FIX else None,
        seen=mark(group),
        routes=[(route, ROUTES.get(route, route)) for route in _routes(group) if route != "person"],
        ways=mine,
        failed=failed,
        values=values or _kept(group),
        errors=errors,
        names=ROUTES,
    )
