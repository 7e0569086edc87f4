"""Who gets which handoff next, pure: a small formula with named weights, and its reasons in words.

    points = due + wait + priority + tier (+ given, when somebody gave it to this very person)

A due time counts more the closer it is, and a little more while it is passed, up to a limit; a wait counts without
limit, so that whatever is left lying comes first in the end. A choice names its rule and version: a logged one can be
read again after the weights have changed.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from pydantic import BaseModel, ConfigDict

RULE = "routing"
VERSION = "1"

HORIZON = timedelta(hours=8)
"""What is due later than this gets no points for it."""
AT_DUE = 100.0
"""At its due time; falls evenly to nothing at the horizon."""
PER_HOUR_LATE = 10.0
LATE_AT_MOST = 50.0
"""More for being late would let yesterday's breaches hide what can still be kept."""
PER_HOUR_WAITED = 8.0
PRIORITY: Mapping[str, float] = {"urgent": 40.0, "high": 20.0, "normal": 0.0, "low": -20.0}
TIER: Mapping[str, float] = {"A": 15.0, "B": 5.0}
GIVEN = 50.0
"""Somebody, or this rule, gave it to this very person."""


class Pure(BaseModel):
    """Base of what goes in and comes out: frozen."""

    model_config = ConfigDict(frozen=True)


class Offer(Pure):
    """A handoff that waits for somebody, or that `held_by` has; `due_at` is that of its tightest running clock.

    `passed` are those who were offered it before and did not take it, the latest one last.
    """

    handoff: uuid.UUID
    queue: str
    offered_at: datetime
    due_at: datetime | None = None
    skills: tuple[str, ...] = ()
    priority: str = "normal"
    tier: str = ""
    assigned_to: str | None = None
    held_by: str | None = None
    passed: tuple[str, ...] = ()


class Worker(Pure):
    """Somebody who may take handoffs; `away` says why they take none now, and is empty while they do."""

    email: str
    queues: tuple[str, ...]
    skills: tuple[str, ...] = ()
    capacity: int = 5
    load: int = 0
    away: str = ""

    @property
    def full(self) -> bool:
        """Whether they have as much as they can."""
        return self.load >= self.capacity

    def able(self, offer: Offer) -> bool:
        """Whether this is of their queues, and asks for no skill that they lack."""
        return offer.queue in self.queues and set(offer.skills) <= set(self.skills)


class Part(Pure):
    """One part of a score, with its reason in words."""

    name: str
    points: float
    words: str


class Choice(Pure):
    """Which handoff goes to whom, and why; `reasons` are those that weigh most first."""

    handoff: uuid.UUID
    to: str
    points: float
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    rule: str = RULE
    version: str = VERSION

    def sentence(self) -> str:
        """The reasons, for whoever reads them beside a case."""
        return ", ".join(self.reasons) or "nothing else waits"


class Waiting(Pure):
    """A handoff that nobody gets now, and why."""

    handoff: uuid.UUID
    reason: str


class Routed(Pure):
    """What becomes of all that was offered."""

    choices: tuple[Choice, ...]
    waiting: tuple[Waiting, ...]


def next_for(worker: Worker, offers: Iterable[Offer], now: datetime) -> Choice | None:
    """What matters most to somebody who asks for it: their own, and as long as they have room, what nobody has.

    Whoever asks is there, so being away does not count. None when there is nothing for them.
    """
    best = max((offer for offer in offers if _open_to(worker, offer)), key=_rank(now, worker.email), default=None)
    return choice(worker, best, now) if best is not None else None


def assign(offers: Sequence[Offer], workers: Sequence[Worker], now: datetime) -> Routed:
    """Give away what nobody has, what matters most first, each to whoever has most room; never above a capacity."""
    room = {worker.email: worker for worker in sorted(workers, key=attrgetter("email"))}
    choices, waiting = [], []
    for offer in sorted(offers, key=_rank(now), reverse=True):
        able = [worker for worker in room.values() if worker.able(offer)]
        free = [worker for worker in able if not worker.away and not worker.full]
        ready = [worker for worker in free if worker.email != offer.assigned_to]
        if not ready:
            waiting.append(Waiting(handoff=offer.handoff, reason=_nobody(offer, room.values(), able, free)))
            continue
        taker = min(ready, key=lambda worker: _order(worker, offer))
        alone = _alone(offer, able)
        choices.append(choice(taker, offer.model_copy(update={"assigned_to": None}), now, also=alone))
        room[taker.email] = taker.model_copy(update={"load": taker.load + 1})
    return Routed(choices=tuple(choices), waiting=tuple(waiting))


def choice(worker: Worker, offer: Offer, now: datetime, *, also: str = "") -> Choice:
    """This handoff for this person, with its score and the reasons for it."""
    parts = score(offer, now, worker.email)
    heavy = sorted((part for part in parts if part.points > 0), key=lambda part: -part.points)
    reasons = [*(part.words for part in heavy), *([also] if also else [])]
    return Choice(
        handoff=offer.handoff,
        to=worker.email,
        points=round(sum(part.points for part in parts), 1),
        parts=parts,
        reasons=tuple(reasons),
    )


def score(offer: Offer, now: datetime, to: str = "") -> tuple[Part, ...]:
    """The parts of the formula that count for this handoff."""
    parts = [_due(offer, now), _waited(offer, now)]
    if PRIORITY.get(offer.priority):
        parts.append(Part(name="priority", points=PRIORITY[offer.priority], words=f"{offer.priority} priority"))
    if offer.tier in TIER:
        parts.append(Part(name="tier", points=TIER[offer.tier], words=f"tier {offer.tier}"))
    if to and offer.assigned_to == to:
        parts.append(Part(name="given", points=GIVEN, words="given to you"))
    return tuple(part for part in parts if part.points)


def why_waiting(offer: Offer, workers: Sequence[Worker]) -> str:
    """Why nobody has this handoff yet; empty while somebody could take it at once."""
    able = [worker for worker in workers if worker.able(offer)]
    free = [worker for worker in able if not worker.away and not worker.full]
    return "" if free else _nobody(offer, workers, able, free)


def spoken(span: timedelta) -> str:
    """A span with its unit, as short as can be: 12 min, 3 h, 2 d."""
    minutes = max(int(abs(span).total_seconds() // 60), 1)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _open_to(worker: Worker, offer: Offer) -> bool:
    if offer.held_by is not None:
        return offer.held_by == worker.email
    if offer.assigned_to is not None and offer.assigned_to != worker.email:
        return False
    return worker.able(offer) and (not worker.full or offer.assigned_to == worker.email)


def _rank(now: datetime, to: str = "") -> Callable[[Offer], tuple[float, float, str]]:
    """What to sort by: points, then the longest wait, then the id, so that the same input gives the same answer."""

    def key(offer: Offer) -> tuple[float, float, str]:
        points = sum(part.points for part in score(offer, now, to))
        return (round(points, 6), -offer.offered_at.timestamp(), str(offer.handoff))

    return key


def _order(worker: Worker, offer: Offer) -> tuple[int, float, int, str]:
    """Who comes first: not who passed it lately, then most room, then whoever is the least of a specialist."""
    passed = len(offer.passed) - 1 - offer.passed[::-1].index(worker.email) if worker.email in offer.passed else -1
    return (passed, worker.load / worker.capacity, len(worker.skills), worker.email)


def _due(offer: Offer, now: datetime) -> Part:
    if offer.due_at is None:
        return Part(name="due", points=0, words="")
    left = offer.due_at - now
    if left <= timedelta(0):
        late = min(-left / timedelta(hours=1) * PER_HOUR_LATE, LATE_AT_MOST)
        return Part(name="due", points=round(AT_DUE + late, 1), words=f"overdue by {spoken(left)}")
    points = AT_DUE * max(1 - left / HORIZON, 0)
    return Part(name="due", points=round(points, 1), words=f"due in {spoken(left)}")


def _waited(offer: Offer, now: datetime) -> Part:
    waited = max(now - offer.offered_at, timedelta(0))
    points = waited / timedelta(hours=1) * PER_HOUR_WAITED
    return Part(name="wait", points=round(points, 1), words=f"waited {spoken(waited)}")


def _alone(offer: Offer, able: Sequence[Worker]) -> str:
    return f"only agent with {_skills(offer)}" if offer.skills and len(able) == 1 else ""


def _nobody(offer: Offer, all_: Iterable[Worker], able: Sequence[Worker], free: Sequence[Worker]) -> str:
    if free:
        return f"only {free[0].email} could take it now, and has not picked it up"
    members = [worker for worker in all_ if offer.queue in worker.queues]
    if not members:
        return f"nobody works on the queue {offer.queue}"
    with_skill = f" with {_skills(offer)}" if offer.skills else ""
    if not able:
        return f"nobody on the queue has {_skills(offer)}"
    return f"nobody{with_skill} is available: {_counted(able)}"


def _counted(able: Sequence[Worker]) -> str:
    """2 are off shift, 1 is full."""
    reasons: dict[str, int] = {}
    for worker in able:
        reason = worker.away or "full"
        reasons[reason] = reasons.get(reason, 0) + 1
    return ", ".join(f"{count} {'is' if count == 1 else 'are'} {reason}" for reason, count in reasons.items())


def _skills(offer: Offer) -> str:
    return f"{'skill' if len(offer.skills) == 1 else 'skills'} {' and '.join(offer.skills)}"
