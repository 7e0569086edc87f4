"""A group of failures waits for a fix: what it waits for, whether that is there, and its release once it is."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Boolean, literal_column
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import NEEDS_PERSON, State
from failure.kinds import NO_FAILURE
from failure.states import Review
from records import bot_version, bulk, bulk_failures, failure_groups, screen_snapshots
from records.access import Person
from records.bot_version import RouteVersions, Standing
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import BulkAction, Proof
from records.bulk_failures import Candidate, Selection
from records.failure import Failure, FailureGroup
from records.failure_mark import turn
from records.work_item import WorkItem
from systems.registry import SYSTEMS

RETRY = "retry"
IN_A_ROW = 3
"""So many failures one after the other stop a release: the fix is none, or not for all of them."""


class Fix(BaseModel):
    """What a group waits for, as its `waits_for` keeps it.

    A bot's `route`: that `version` of it, or without one any that is newer than those that `failed`. Else a `screen`
    that is seen to be good again after `since`. `by_id` asked for it, and is who sends the entries again.
    """

    model_config = ConfigDict(frozen=True)

    route: str = ""
    version: str = ""
    screen: str = ""
    failed: tuple[str, ...] = ()
    since: datetime
    by: str
    by_id: uuid.UUID


class Wish(BaseModel):
    """What somebody says that a group waits for."""

    model_config = ConfigDict(frozen=True)

    route: str = ""
    version: str = ""
    screen: str = ""
    releases_itself: bool = False
    seen: str


async def wait(session: AsyncSession, group_id: uuid.UUID, wish: Wish, person: Person, now: datetime) -> FailureGroup:
    """Have the group wait for a fix. CannotMove where its review allows that no more, Stale for an old page."""
    group = await turn(session, group_id, wish.seen)
    fix = Fix(
        route=wish.route,
        version=wish.version,
        screen=wish.screen,
        failed=await failed_versions(session, group.id) if wish.route else (),
        since=now,
        by=person.email,
        by_id=person.id,
    )
    group.waits_for, group.releases_itself = fix.model_dump(mode="json"), wish.releases_itself
    said: dict[str, Any] = {
        "route": fix.route,
        "version": fix.version,
        "screen": fix.screen,
        "releases_itself": wish.releases_itself,
    }
    if group.review is Review.WAITING_FOR_FIX:
        group.review_at = now
        session.add(group)
        await failure_groups.act(session, group.id, person.email, now, "group.waits_for", **said)
        return group
    return await failure_groups.move(session, group, Review.WAITING_FOR_FIX, person.email, now, **said)


async def wait_no_more(session: AsyncSession, group_id: uuid.UUID, person: Person, now: datetime) -> bool:
    """The group waits for no fix any more; False when it did not."""
    group = await _held(session, group_id)
    if group.review is not Review.WAITING_FOR_FIX:
        return False
    group.waits_for, group.releases_itself = None, False
    await failure_groups.move(session, group, Review.ACKNOWLEDGED, person.email, now)
    return True


async def waiting(session: AsyncSession) -> Sequence[uuid.UUID]:
    """The groups that wait for a fix."""
    found = select(FailureGroup.id).where(
        FailureGroup.review == Review.WAITING_FOR_FIX,
        col(FailureGroup.waits_for).is_not(None),
        col(FailureGroup.merged_into).is_(None),
    )
    return (await session.exec(found)).all()


async def arrive(session: AsyncSession, group_id: uuid.UUID, now: datetime) -> tuple[FailureGroup, str] | None:
    """Move the group to *fix deployed* when what it waits for is there.

    The group and what has come; None when nothing has, or somebody was quicker: of any number that ask one gets it.
    """
    group = await _held(session, group_id)
    fix = fix_of(group)
    if group.review is not Review.WAITING_FOR_FIX or fix is None:
        return None
    come = await _come(session, group, fix)
    if not come:
        return None
    await failure_groups.move(session, group, Review.FIX_DEPLOYED, "baton", now, come=come)
    return group, come


async def to_release(session: AsyncSession) -> Sequence[uuid.UUID]:
    """The groups whose fix is deployed and that were told to release themselves."""
    found = select(FailureGroup.id).where(
        FailureGroup.review == Review.FIX_DEPLOYED,
        col(FailureGroup.releases_itself).is_(True),
        col(FailureGroup.merged_into).is_(None),
    )
    return (await session.exec(found)).all()


async def release(session: AsyncSession, group_id: uuid.UUID, four_eyes_above: int, now: datetime) -> bool:
    """Ask for the bulk retry of the group, once for each wish; False when it was asked for, or nothing can be sent.

    It takes no turn: whoever has one may not wait for the rows of items, and the things of a bulk action refer to them.
    """
    group = await session.get_one(FailureGroup, group_id)
    fix = fix_of(group)
    if fix is None or group.review is not Review.FIX_DEPLOYED or not group.releases_itself:
        return False
    asked = BulkAsked(
        key=f"fix/{group.id}/{fix.since.isoformat()}",
        kind=RETRY,
        title=f"Released by itself, since its fix is there: {_title(group)}",
        why="What the group waited for is there.",
        by=fix.by,
        by_id=fix.by_id,
        group_id=group.id,
        selection={"group": str(group.id)},
        proof=Proof.ENTERED,
        canary=True,
        stop_after=IN_A_ROW,
    )
    if await session.get(BulkAction, bulk.id_of(asked.by_id, asked.key)) is not None:
        return False
    found = await rows(session, group.id, fix.by_id, now)
    if found:
        asked = asked.model_copy(update={"needs_approval": len(found) > four_eyes_above})
        await bulk.ask(session, asked, found, now)
    return bool(found)


def fix_of(group: FailureGroup) -> Fix | None:
    """What it waits for, or waited for last."""
    return Fix.model_validate(group.waits_for) if group.waits_for else None


async def failed_versions(session: AsyncSession, group_id: uuid.UUID) -> tuple[str, ...]:
    """The versions of bots with which its open failures failed."""
    found = select(Failure.bot_version).where(
        Failure.group_id == group_id, col(Failure.ended_at).is_(None), Failure.bot_version != ""
    )
    return tuple(sorted(set(await session.exec(found.distinct()))))


async def rows(session: AsyncSession, group_id: uuid.UUID, by: uuid.UUID, now: datetime) -> list[BulkRow]:
    """The retries that release a group, in the original order: what failed, and what is held behind it.

    Left out, as in a preview that nobody has changed: what nobody has seen the outcome of, what somebody else has, what
    a person keys or approves, what another action covers, and what was due already.
    """
    found = await bulk_failures.candidates(session, Selection(group=group_id))
    return [
        BulkRow(
            workflow_id=f"item/{one.item_id}",
            update=RETRY,
            act={"by": str(by), "in_bulk": True, "through_hold": True},
            label=f"{one.target} · {one.reference}",
            link=f"/items/{one.item_id}",
            item_id=one.item_id,
            case_id=one.case_id,
            failure_id=one.failure_id,
        )
        for one in found
        if _fits(one, by) and (one.due_at is None or one.due_at > now)
    ]


def _fits(one: Candidate, by: uuid.UUID) -> bool:
    if one.busy is not None or one.holder_id not in (None, by):
        return False
    failed = one.state in NEEDS_PERSON and one.code not in NO_FAILURE
    return failed or (one.state is State.READY and one.held)


async def _held(session: AsyncSession, group_id: uuid.UUID) -> FailureGroup:
    known = await session.get_one(FailureGroup, group_id)
    await failure_groups.take_turn(session, known.system, known.environment)
    return await failure_groups.root(session, group_id)


async def _come(session: AsyncSession, group: FailureGroup, fix: Fix) -> str:
    """What has come, as people read it; "" when it is not there."""
    if fix.screen:
        good = await screen_snapshots.last_good(session, group.system, group.environment, fix.screen)
        passed = good is not None and good.at > fix.since
        return f"the screen {fix.screen} is good again" if passed or await _went_in(session, group, fix) else ""
    for way in await bot_version.deployed(session):
        if (way.system, way.environment, way.route) == (group.system, group.environment, fix.route):
            found = deployed(way, fix)
            return f"{found.version} runs on {', '.join(run.host for run in found.runs)}" if found is not None else ""
    return ""


async def _went_in(session: AsyncSession, group: FailureGroup, fix: Fix) -> bool:
    """Whether a bot has entered one of the same operation since: a picture is kept only once an hour."""
    entered = select(WorkItem.id).where(
        literal_column("work_items.state = 'done'", Boolean),
        WorkItem.system == group.system,
        WorkItem.environment == group.environment,
        WorkItem.operation == group.operation,
        WorkItem.route == "bot",
        col(WorkItem.adopted).is_(False),
        col(WorkItem.ended_at) > fix.since,
    )
    return (await session.exec(entered.limit(1))).first() is not None


def deployed(way: RouteVersions, fix: Fix) -> Standing | None:
    """The version that mends it, once it runs and none that failed does: an entry could meet that one otherwise."""
    running = {one.version for one in way.running}
    if running & set(fix.failed) - {fix.version}:
        return None
    if fix.version:
        return next((one for one in way.running if one.version == fix.version), None)
    known = [one.first_seen_at for one in way.versions if one.version in fix.failed]
    newer = [
        one
        for one in way.running
        if one.version not in fix.failed and one.first_seen_at > max(known, default=fix.since)
    ]
    return newer[0] if newer else None


def _title(group: FailureGroup) -> str:
    known = SYSTEMS.get(group.system)
    operation = known.operations.get(group.operation) if known is not None else None
    return f"{operation.title if operation else group.operation} on the {known.title if known else group.system}"
