"""The board's page: what is counted, put in the order in which a supervisor needs it, with words for its reasons."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from console.collaborators import Collaborators
from handoff.routing import spoken
from measures import board, bottleneck, breaches
from measures.board import Board, QueueStands, Works
from measures.bottleneck import Bottleneck
from measures.breaches import Breach, Breaches

CLOCKS = {"first_response": "First response", "acceptance": "Acceptance", "resolution": "Resolution"}


@dataclass(frozen=True)
class BoardView:
    """Everything that the page shows; `print` changes whenever any of it does."""

    bottleneck: Bottleneck
    queues: list[QueueStands]
    board: Board
    people: list[Works]
    breaches: Breaches
    print: str

    @property
    def waiting(self) -> int:
        """What nobody has, in all queues."""
        return sum(queue.waiting for queue in self.queues)

    @property
    def held(self) -> int:
        """What people have, in all queues."""
        return sum(queue.held for queue in self.queues)

    @property
    def at_risk(self) -> int:
        """Handoffs with a clock at risk."""
        return sum(queue.at_risk for queue in self.queues)

    @property
    def breached(self) -> int:
        """Handoffs with a clock that is breached."""
        return sum(queue.breached for queue in self.queues)

    @property
    def there(self) -> int:
        """People who take cases now."""
        return sum(not one.away for one in self.people)

    def title(self, queue: str) -> str:
        """What a queue is called."""
        return next((one.title for one in self.queues if one.name == queue), queue)


async def read(parts: Collaborators) -> BoardView:
    """How work stands now."""
    now = parts.clock()
    async with parts.database.session() as session:
        counted = await board.board(session, now)
        past = await breaches.breaches(session, now)
    first = bottleneck.bottleneck(counted.queues, now)
    seen = first.sentence + counted.model_dump_json() + past.model_dump_json()
    return BoardView(
        bottleneck=first,
        queues=bottleneck.ordered(counted.queues, now),
        board=counted,
        people=sorted(counted.people, key=lambda one: (bool(one.away), -one.load / one.capacity, one.name)),
        breaches=past,
        print=hashlib.sha256(seen.encode()).hexdigest()[:16],
    )


def clock_title(name: str) -> str:
    """A clock's name for people: `acceptance#2` is the second pick-up."""
    kind, _, number = name.partition("#")
    title = CLOCKS.get(kind, kind.replace("_", " ").capitalize())
    return f"{title} {number}" if number else title


def reason(breach: Breach) -> str:
    """Why a clock ran out: who held the case for how long, how long nobody did, and what it stood still for."""
    said = [f"{span.who} had it for {spoken(span.lasting)}" for span in breach.held]
    if not breach.held:
        said = [f"nobody took it for {spoken(breach.nobody)}"]
    elif breach.nobody >= board.WORTH_SAYING:
        said.append(f"nobody had it for {spoken(breach.nobody)}")
    said += [f"its clock stood for {spoken(span.lasting)} ({span.who})" for span in breach.paused]
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def late(breach: Breach, now: datetime) -> str:
    """How late it was, or how late it is by now."""
    return f"{spoken((breach.ended_at or now) - breach.breached_at)} late{'' if breach.ended_at else ' so far'}"
