"""When each way to a system was exercised last, as people read it: proven by an entry, not seen to answer only."""

import uuid
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from console import words
from console.item_acts import ROUTES
from console.words import Look
from core.faults import UnderWatch
from core.work_item import NEEDS_PERSON
from records import canary
from records.canary import Canary, CanaryState
from records.work_item import WorkItem
from systems.drill_ground import GroundRefused, Grounds
from systems.environment import Environments
from systems.registry import SYSTEMS
from systems.way import Way

VERIFIED = Look("Exercised", "good", "circle-check")
WAITS = Look("Waits", "note", "hourglass")
FAILED = Look("Canary failed", "bad", "alert-octagon")
UNUSED = Look("Not exercised", "warn", "alert-triangle")
NONE = Look("No canary", "", "circle-dashed")


@dataclass(frozen=True)
class Exercised:
    """One way: how it stands, since when, and the entry that says so."""

    way: Way
    look: Look
    sentence: str
    item_id: uuid.UUID | None = None

    @property
    def system(self) -> str:
        """The system as people call it, and which one of its environments."""
        return f"{words.system(self.way.system)}, {self.way.environment}"

    @property
    def route(self) -> str:
        """The way as people call it."""
        return ROUTES.get(self.way.route, self.way.route)


async def exercised(
    session: AsyncSession, places: Environments, grounds: Grounds, only: tuple[str, str] | None = None
) -> dict[Way, Exercised]:
    """Every way to every system that is set up here, or to one environment of one."""
    newest, proven = await canary.latest(session), await canary.verified(session)
    found = {}
    for place in places:
        if place.system not in SYSTEMS or (only is not None and (place.system, place.name) != only):
            continue
        try:
            declared, wrong = grounds.of(place.system, place.name).canary is not None, ""
        except GroundRefused as refusal:
            declared, wrong = False, str(refusal)
        for route in SYSTEMS[place.system].routes:
            way = Way(place.system, place.name, route)
            last = newest.get(way)
            item = await session.get(WorkItem, last.item_id) if last is not None and last.item_id else None
            found[way] = _told(way, last, item, _since(proven.get(way)), declared=declared, wrong=wrong)
    return found


def _since(proven: Canary | None) -> str:
    return f"since {words.day(proven.day.isoformat())}" if proven is not None else "yet"


def _told(way: Way, last: Canary | None, item: WorkItem | None, since: str, *, declared: bool, wrong: str) -> Exercised:
    if not declared:
        why = wrong or "No canary is declared for it: whether an entry goes through shows only when one is sent."
        return Exercised(way, NONE, why)
    if last is None:
        return Exercised(way, UNUSED, f"Not exercised {since}: its first canary comes at the time that is declared.")
    day, item_id = words.day(last.day.isoformat()), last.item_id
    if last.state is CanaryState.VERIFIED:
        return Exercised(way, VERIFIED, f"On {day} an entry was saved and read back.", item_id)
    if last.state is CanaryState.FAILED:
        why = words.fault(last.code) if last.code else ""
        return Exercised(way, FAILED, f"Not exercised {since}. The canary of {day} failed: {why}".strip(), item_id)
    if last.state is CanaryState.MISSED:
        return Exercised(way, UNUSED, f"Not exercised {since}: the canary of {day} was not entered this way.", item_id)
    return Exercised(way, WAITS, f"Not exercised {since}: {_waiting(last, item, day)}", item_id)


def _waiting(last: Canary, item: WorkItem | None, day: str) -> str:
    if item is not None and item.state in NEEDS_PERSON and item.code == UnderWatch.code:
        return f"the first entry of {day} is filled and waits for approval."
    if last.watch_id is not None and last.item_id is None:
        return f"no entry has come this way on {day}."
    return f"the canary of {day} is on its way."
