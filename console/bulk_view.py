"""A bulk action as its page shows it: how far it has come, what came of each thing, what this person may do with it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from console.collaborators import Collaborators
from console.problems import not_found
from console.words import Look
from records import bulk, bulk_approval
from records.access import Action, Person
from records.bulk_action import OVER, BulkAction, BulkFate, BulkItem, BulkState
from records.failure import FailureGroup

STATES: Mapping[BulkState, Look] = {
    BulkState.WAITING_APPROVAL: Look("Waits for approval", "warn", "user-check"),
    BulkState.RUNNING: Look("Running", "note", "player-play"),
    BulkState.PAUSED: Look("Paused", "warn", "clock-pause"),
    BulkState.HALTED: Look("Halted by itself", "bad", "alert-triangle"),
    BulkState.CANCELLED: Look("Cancelled", "", "ban"),
    BulkState.DONE: Look("Ended", "good", "circle-check"),
}
FATES: Mapping[BulkFate, Look] = {
    BulkFate.DONE: Look("Done", "good", "circle-check"),
    BulkFate.SENT: Look("Going", "note", "player-play"),
    BulkFate.WAITING: Look("Waits", "", "hourglass"),
    BulkFate.FAILED: Look("Failed again", "bad", "alert-triangle"),
    BulkFate.REFUSED: Look("Not taken", "warn", "ban"),
    BulkFate.SKIPPED: Look("Left out", "warn", "user"),
    BulkFate.CANCELLED: Look("Cancelled", "", "archive"),
}
"""In the order in which the page counts them."""
LISTED = 100
PAGE = 25


@dataclass(frozen=True)
class BulkView:
    """One action with its counts and a page of its things."""

    action: BulkAction
    counts: Mapping[BulkFate, int]
    things: list[BulkItem]
    group: FailureGroup | None
    show: str
    more: int | None
    finish: datetime | None
    others: list[str]
    may: frozenset[str]

    @property
    def look(self) -> Look:
        """How it stands; cancelled or ended, it may still have things on their way."""
        if self.action.state in OVER and self.action.ended_at is None and self.going:
            return Look(f"Cancelled, {self.going} on their way", "warn", "ban")
        return STATES[self.action.state]

    @property
    def going(self) -> int:
        """How many are on their way."""
        return self.counts.get(BulkFate.SENT, 0)

    @property
    def over(self) -> int:
        """Of how many the result is known."""
        return self.action.total - self.going - self.counts.get(BulkFate.WAITING, 0)

    @property
    def tabs(self) -> list[tuple[str, str, int]]:
        """The results to choose from, with how many there are of each."""
        found = [(fate.value, FATES[fate].text, self.counts[fate]) for fate in FATES if self.counts.get(fate)]
        return [("", "All", self.action.total), *found]


async def view(parts: Collaborators, person: Person, bulk_id: uuid.UUID, show: str = "", after: int = -1) -> BulkView:
    """The action and those of its things that are asked for. Problem when there is none."""
    fates = [fate for fate in BulkFate if fate.value == show]
    now = parts.clock()
    async with parts.database.session() as session:
        action = await session.get(BulkAction, bulk_id)
        if action is None:
            raise not_found("This bulk action")
        counts = (await bulk.counts(session, [bulk_id]))[bulk_id]
        things = await bulk.results(session, bulk_id, fates, after=after, limit=LISTED + 1)
        group = await session.get(FailureGroup, action.group_id) if action.group_id else None
        waits = action.state is BulkState.WAITING_APPROVAL
        others = await bulk_approval.available(session, action.asked_by, now) if waits else []
    return BulkView(
        action=action,
        counts=counts,
        things=things[:LISTED],
        group=group,
        show=show if fates else "",
        more=things[LISTED - 1].ordinal if len(things) > LISTED else None,
        finish=_finish(action, counts, now),
        others=others,
        may=_may(action, person, others, parts.settings.bulk_answer_minutes, now),
    )


async def listed(
    parts: Collaborators, before: datetime | None = None
) -> list[tuple[BulkAction, Look, Mapping[BulkFate, int]]]:
    """A page of actions, the newest first, each with its counts."""
    asked = select(BulkAction).order_by(col(BulkAction.asked_at).desc(), col(BulkAction.id).desc()).limit(PAGE)
    if before is not None:
        asked = asked.where(col(BulkAction.asked_at) < before)
    async with parts.database.session() as session:
        found = list(await session.exec(asked))
        fresh = await bulk.counts(session, [one.id for one in found if one.counts is None])
    kept = {one.id: {BulkFate(name): n for name, n in (one.counts or {}).items()} for one in found}
    return [(one, STATES[one.state], fresh.get(one.id) or kept[one.id]) for one in found]


def _finish(action: BulkAction, counts: Mapping[BulkFate, int], now: datetime) -> datetime | None:
    """When it will be through, at the rate at which it went so far."""
    left = counts.get(BulkFate.WAITING, 0) + counts.get(BulkFate.SENT, 0)
    over = action.total - left
    if action.state is not BulkState.RUNNING or action.started_at is None or not over or not left:
        return None
    return now + (now - action.started_at) / over * left


def _may(action: BulkAction, person: Person, others: list[str], minutes: int, now: datetime) -> frozenset[str]:
    """What this person may do with it until it is over; the page shows of it what fits how it stands."""
    mine = action.asked_by == person.email or person.may(Action.APPROVE_BULK)
    if action.state in OVER or not person.may(Action.ACT_IN_BULK):
        return frozenset()
    found = {"pause", "go_on", "cancel"} if mine else set()
    if action.state is BulkState.WAITING_APPROVAL and person.may(Action.APPROVE_BULK):
        if action.asked_by != person.email:
            found |= {"approve", "decline"}
        if not others or now - action.asked_at > timedelta(minutes=minutes):
            found |= {"release"}
    return frozenset(found)
