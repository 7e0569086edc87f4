"""Where work is held up most, in one sentence, pure: the first thing that a supervisor reads."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from handoff.routing import spoken
from measures.board import QueueStands

PATIENCE = timedelta(minutes=15)
"""A queue whose oldest case waits no longer than this, with nothing breached, holds nothing up."""
NOBODY = 0.5
"""A queue where nobody is there counts as if half a person were: worse than with one, and never beyond all measure."""


class Bottleneck(BaseModel):
    """The queue that holds work up most, "" when none does, and why."""

    model_config = ConfigDict(frozen=True)

    queue: str
    sentence: str


def pressure(queue: QueueStands, now: datetime) -> float:
    """How hard a queue presses: what waits times the longest wait in hours, and breaches, for each person there."""
    waited = (now - queue.oldest) / timedelta(hours=1) if queue.oldest is not None else 0.0
    return (queue.waiting * max(waited, 0.0) + queue.breached) / max(queue.there, NOBODY)


def ordered(queues: Iterable[QueueStands], now: datetime) -> list[QueueStands]:
    """The queues, the bottleneck first; those that nothing presses by name."""
    return sorted(queues, key=lambda queue: (-round(pressure(queue, now), 6), -queue.waiting, queue.title))


def bottleneck(queues: Iterable[QueueStands], now: datetime) -> Bottleneck:
    """As in "Service is the bottleneck: 14 wait, oldest 3 h, 2 of 3 agents away."."""
    first = next(iter(ordered(queues, now)), None)
    if first is None or not _holds_up(first, now):
        return Bottleneck(queue="", sentence="No queue holds work up.")
    return Bottleneck(queue=first.name, sentence=f"{first.title} is the bottleneck: {', '.join(_why(first, now))}.")


def _holds_up(queue: QueueStands, now: datetime) -> bool:
    return queue.breached > 0 or (queue.oldest is not None and now - queue.oldest >= PATIENCE)


def _why(queue: QueueStands, now: datetime) -> list[str]:
    said = []
    if queue.waiting:
        said.append(f"{queue.waiting:,} {'waits' if queue.waiting == 1 else 'wait'}")
    if queue.oldest is not None:
        said.append(f"{'for' if queue.waiting == 1 else 'oldest'} {spoken(now - queue.oldest)}")
    if queue.breached:
        said.append(f"{queue.breached:,} past {'its' if queue.breached == 1 else 'their'} time")
    return [*said, _who(queue)]


def _who(queue: QueueStands) -> str:
    if not queue.people:
        return "nobody works on it"
    away = queue.people - queue.there
    if not queue.there:
        return "everybody is away" if queue.people > 1 else "its only agent is away"
    if away:
        return f"{away} of {queue.people} agents away"
    return f"no room left with {queue.there} available" if not queue.room else f"all {queue.there} available"
