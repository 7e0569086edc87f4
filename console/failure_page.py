"""A group of failures as its page shows it: figures, why it is one, screens, who is hit, entries, history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import failure_words, words
from console.failure_words import AT_STEP
from console.spark import Chart, chart
from records import failure_deeds, failure_figures, failure_items, failure_merges, screen_snapshots
from records.failure import FailureAct, FailureGroup, FailureMerge
from records.failure_figures import Counted
from records.failure_items import Entry, Hit, Wanted
from records.failure_mark import mark
from records.people import Role, User
from records.screen_snapshots import ScreenSnapshot
from records.trail import Evidence

HOURS = 72
WIDE, HIGH = 720.0, 120.0
_LOOK_AFTER = (Role.SUPERVISOR, Role.AGENT, Role.IT)


@dataclass(frozen=True)
class Screens:
    """How the screen looked when it was good last, and how it looks where it fails; either may be missing."""

    good: ScreenSnapshot | None
    good_picture: Evidence | None
    failed: Evidence | None
    sealed: frozenset[Any]


@dataclass(frozen=True)
class GroupView:
    """Everything the page shows."""

    group: FailureGroup
    mark: str
    counts: list[Counted]
    next_look: datetime | None
    chart: Chart
    screens: Screens
    customers: tuple[int, bool]
    hits: list[Hit]
    wanted: Wanted
    entries: list[Entry]
    next: str
    counted: int
    history: list[FailureAct]
    merges: list[tuple[FailureMerge, FailureGroup]]
    alike: list[tuple[FailureGroup, int]]
    people: list[User]

    @property
    def tally(self) -> dict[str, int]:
        """How many stand how."""
        return failure_words.tally(self.counts)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Why these are one group: the parts that they have in common, in words."""
        group = self.group
        found = [
            (
                "System",
                words.system(group.system) + (f", {group.environment}" if group.environment != "production" else ""),
            ),
            ("Operation", words.operation(group.system, group.operation)),
            ("Screen", group.screen),
            ("Step", AT_STEP.get(group.step, group.step)),
            ("Code", group.code),
            ("What was said", group.message),
            ("What changed", "; ".join(change.words for change in failure_words.changes(group))),
        ]
        return [(name, value) for name, value in found if value]

    @property
    def due(self) -> datetime | None:
        """The first promise."""
        return self.hits[0].due_at if self.hits else None

    @property
    def how_many(self) -> str:
        """How many entries the filters leave, honestly."""
        most = failure_items.COUNTED
        return f"more than {most:,}" if self.counted > most else f"{self.counted:,}"

    @property
    def filtered(self) -> dict[str, str]:
        """The list's filters as a query."""
        values = self.wanted.model_dump(mode="json", exclude={"after"})
        return {name: "1" if value is True else str(value) for name, value in values.items() if value}


async def gather(session: AsyncSession, group: FailureGroup, wanted: Wanted, now: datetime) -> GroupView:
    """Read it all."""
    since = now - timedelta(hours=HOURS)
    hours = await failure_figures.hours(session, [group.id], since)
    counts = (await failure_figures.counts(session, [group.id]))[group.id]
    found = await failure_items.page(session, group.id, wanted, counts, now)
    return GroupView(
        group=group,
        mark=mark(group),
        counts=counts,
        next_look=await failure_figures.next_look(session, group.id),
        chart=chart(hours[group.id], now, HOURS, WIDE, HIGH),
        screens=await _screens(session, group),
        customers=await failure_items.customers(session, group.id),
        hits=await failure_items.first_due(session, group.id),
        wanted=wanted,
        entries=found.entries,
        next=found.next,
        counted=await _counted(session, group, wanted, counts, now),
        history=await failure_deeds.history(session, group.id),
        merges=await _merges(session, group),
        alike=await failure_items.alike(session, group),
        people=await people(session),
    )


def read(asked: Mapping[str, str]) -> Wanted:
    """The filters of an address; a wrong one is taken for none."""
    known = {name: value for name, value in asked.items() if value != ""}
    try:
        return Wanted.model_validate(known)
    except ValidationError:
        return Wanted()


async def _counted(
    session: AsyncSession, group: FailureGroup, wanted: Wanted, counts: list[Counted], now: datetime
) -> int:
    """From the kept counts, where the filters are among what they count by."""
    if wanted.due is not None or wanted.over:
        return await failure_items.counted(session, group.id, wanted, now)
    return sum(one.n for one in counts if wanted.leaves(one))


async def _screens(session: AsyncSession, group: FailureGroup) -> Screens:
    good = None
    if group.screen:
        good = await screen_snapshots.last_good(session, group.system, group.environment, group.screen)
    picture = await session.get(Evidence, good.evidence_id) if good is not None else None
    failed = await _failed(session, failure_items.newest_tries(group.id))
    failed = failed or await _failed(session, failure_items.last_tries(group.id))
    shown = [one.id for one in (picture, failed) if one is not None]
    if not shown:
        return Screens(good, None, None, frozenset())
    kept = select(Evidence.of).where(
        col(Evidence.of).in_(shown), Evidence.dropped == "", col(Evidence.removed_at).is_(None)
    )
    return Screens(good, picture, failed, frozenset(await session.exec(kept)))


async def _failed(session: AsyncSession, tries: sqlalchemy.Select[Any]) -> Evidence | None:
    taken = select(Evidence).where(
        col(Evidence.attempt_id).in_(tries), Evidence.kind == "screenshot", Evidence.taken == "trouble"
    )
    return (await session.exec(taken.order_by(col(Evidence.at).desc()).limit(1))).first()


async def _merges(session: AsyncSession, group: FailureGroup) -> list[tuple[FailureMerge, FailureGroup]]:
    found = await failure_merges.of_group(session, group.id)
    return [(one, await session.get_one(FailureGroup, one.group_id)) for one in found]


async def people(session: AsyncSession) -> list[User]:
    """Who can look after a group."""
    asked = select(User).where(col(User.role).in_(_LOOK_AFTER), col(User.disabled_at).is_(None))
    return list(await session.exec(asked.order_by(col(User.name)).limit(200)))
