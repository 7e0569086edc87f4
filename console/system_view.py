"""Systems as their screen shows them: each way now, what it holds up, the last day, the last ninety days."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from console import sign_in_view, uptime, words
from console.item_acts import ROUTES
from console.sign_in_view import SignInView
from console.uptime import Strip
from console.words import Look
from records import gap_look, health, outage_figures
from records.gap_look import GapStanding
from records.health import HealthSpan, Outage, SystemHealth
from records.outage_figures import Held
from systems.base import PRODUCTION
from systems.environment import Environments
from systems.registry import SYSTEMS
from systems.way import OutageStage, Way, WayState

LOOKS = {
    WayState.UP: Look("Answers", "good", "circle-check"),
    WayState.TRYING: Look("One goes first", "warn", "hourglass"),
    WayState.DOWN: Look("Does not answer", "bad", "alert-triangle"),
    WayState.ISOLATED: Look("Taken out of use", "warn", "hand-stop"),
}
UNHEARD = Look("Not heard of yet", "", "circle-dashed")
DRAINING = Look("Letting go", "warn", "player-play")
STAGES = {
    OutageStage.STANDING: "Nothing is sent there. What comes meanwhile is held, untried, in its order.",
    OutageStage.CANARY: "It seems to be back: one entry goes first. The others follow once that one is through.",
    OutageStage.DRAINING: "It is back: what was held is let go in its order.",
    OutageStage.OVER: "It is over, and nothing is held any more.",
}
_WORST = (WayState.DOWN, WayState.ISOLATED, WayState.TRYING)


@dataclass(frozen=True)
class WayView:
    """One way to one system; `outage` is the one that lasts, or whose line is still being let go."""

    way: Way
    health: SystemHealth | None
    outage: Outage | None
    held: Held | None
    day: Strip
    days: Strip
    sign_in: SignInView | None = None

    @property
    def title(self) -> str:
        """The way as people call it."""
        return ROUTES.get(self.way.route, self.way.route)

    @property
    def look(self) -> Look:
        """How it stands."""
        if self.health is None:
            return UNHEARD
        if self.health.state is WayState.UP and self.outage is not None:
            return DRAINING
        return LOOKS[self.health.state]

    @property
    def well(self) -> bool:
        """Whether nothing is to be done about it."""
        return self.outage is None and (self.health is None or self.health.state is WayState.UP)

    @property
    def why(self) -> str:
        """Why it stands so, in one sentence; "" when all is well."""
        if self.health is None or self.outage is None:
            return ""
        if self.health.state is WayState.ISOLATED:
            return f"{self.health.isolated_by}: {self.health.isolated_why}"
        return words.fault(self.health.code) if self.health.code else ""


@dataclass(frozen=True)
class SystemView:
    """One environment of a system with its ways."""

    name: str
    environment: str
    ways: list[WayView]
    reads: int = 0
    """Cases that wait until one of its records can be read."""
    gap: GapStanding | None = None
    """Since a restore: how far the looks are for what the backup may be wrong about."""

    @property
    def path(self) -> str:
        """Its page."""
        return f"/systems/{self.name}/{self.environment}"

    @property
    def title(self) -> str:
        """As people call it."""
        title = SYSTEMS[self.name].title
        return title if self.environment == PRODUCTION else f"{title}, {self.environment}"

    @property
    def worst(self) -> WayView:
        """The way to look at first."""
        order = {state: place for place, state in enumerate(_WORST)}
        return min(self.ways, key=lambda one: (one.well, order.get(one.health.state, 9) if one.health else 10))

    @property
    def entries(self) -> int:
        """How many entries are held altogether."""
        return sum(one.held.entries for one in self.ways if one.held)


async def systems(session: AsyncSession, places: Environments, now: datetime, only: str = "") -> list[SystemView]:
    """Every environment of every system that is set up here (or of one), those in trouble first."""
    known = {one.way: one for one in await health.standing(session)}
    outages = {one.way: one for one in await outage_figures.live(session)}
    held = await outage_figures.held(session, [one.hold_id for one in outages.values() if one.hold_id], now)
    reads = await outage_figures.reads(session)
    gaps = await gap_look.standing(session)
    spans: dict[Way, list[HealthSpan]] = {}
    for span in await outage_figures.spans(session, now - timedelta(days=90), only or None):
        spans.setdefault(Way(span.system, span.environment, span.route), []).append(span)
    found = []
    for place in places:
        if place.system not in SYSTEMS or (only and place.system != only):
            continue
        ways = [Way(place.system, place.name, route) for route in SYSTEMS[place.system].routes]
        views = [_way(way, known.get(way), outages.get(way), held, spans.get(way, []), now) for way in ways]
        if only:
            seen = await sign_in_view.seen(session, place)
            views = [replace(view, sign_in=seen.get(view.way)) for view in views]
        waiting = reads.get(f"the {SYSTEMS[place.system].title}", 0) if place.name == PRODUCTION else 0
        found.append(SystemView(place.system, place.name, views, waiting, gaps.get((place.system, place.name))))
    return sorted(found, key=lambda one: (one.worst.well, one.environment != PRODUCTION, one.title))


def sentence(found: Sequence[SystemView]) -> str:
    """Whether it is all right, and if not what stands."""
    troubled = [one for one in found if not one.worst.well]
    if not found:
        return "No system is set up here."
    if not troubled:
        return "Every system answers; nothing is held."
    entries, reads = sum(one.entries for one in troubled), sum(one.reads for one in troubled)
    names = ", ".join(one.title for one in troubled[:3]) + (f" and {len(troubled) - 3} more" if troubled[3:] else "")
    waits = [f"{entries:,} {'entry' if entries == 1 else 'entries'}"] if entries else []
    waits += [f"{reads:,} {'case' if reads == 1 else 'cases'} to be read"] if reads else []
    return f"{names}: not in order. " + (f"Held: {', '.join(waits)}." if waits else "Nothing is held.")


def _way(
    way: Way,
    known: SystemHealth | None,
    outage: Outage | None,
    held: Mapping[uuid.UUID, Held],
    spans: Sequence[HealthSpan],
    now: datetime,
) -> WayView:
    behind = held.get(outage.hold_id) if outage is not None and outage.hold_id is not None else None
    return WayView(way, known, outage, behind, uptime.day(spans, now), uptime.ninety_days(spans, now))
