"""How drills on real systems read: where one stands, what may be done with it, and what the records tell of it."""

from dataclasses import dataclass
from datetime import datetime

from console import words
from console.item_acts import ROUTES
from console.words import Look
from records.window_drill import Measured, WindowDrill, WindowState
from systems.environment import Environments
from systems.registry import SYSTEMS
from systems.way import Way

_STANDS = {
    WindowState.ASKED: Look("Waits for a second person", "note", "hourglass"),
    WindowState.APPROVED: Look("Approved", "note", "circle-check"),
    WindowState.RUNNING: Look("Running", "warn", "player-play"),
    WindowState.WITHDRAWN: Look("Withdrawn", "", "ban"),
}
_WELL, _NOT_WELL = Look("Passed", "good", "circle-check"), Look("Not passed", "bad", "alert-octagon")
_NOTHING = Look("Showed nothing", "warn", "alert-triangle")
_LAPSED = Look("Its window is over", "", "ban")


@dataclass(frozen=True)
class Window:
    """One of them, for one reader."""

    drill: WindowDrill
    found: Measured | None
    me: str
    now: datetime

    @property
    def title(self) -> str:
        """Which way is taken out of use."""
        return named(self.drill.way)

    @property
    def over(self) -> bool:
        """Whether its window went by before it began."""
        return self.drill.state in (WindowState.ASKED, WindowState.APPROVED) and self.drill.ends_at <= self.now

    @property
    def look(self) -> Look:
        """How it stands."""
        if self.over:
            return _LAPSED
        if self.drill.state is not WindowState.ENDED or self.found is None:
            return _STANDS.get(self.drill.state, _WELL)
        return (_WELL if self.found.well else _NOT_WELL) if self.found.entries else _NOTHING

    @property
    def acts(self) -> list[tuple[str, str, str]]:
        """What this reader may do: noun of the address, words, icon."""
        if self.over:
            return []
        state, acts = self.drill.state, []
        if state is WindowState.ASKED and self.me.casefold() != self.drill.asked_by.casefold():
            acts.append(("approvals", "Approve it", "check"))
        if state is WindowState.APPROVED and self.drill.begins_at <= self.now:
            acts.append(("starts", "Start it now", "player-play"))
        if state in (WindowState.ASKED, WindowState.APPROVED):
            acts.append(("withdrawals", "Withdraw it", "ban"))
        if state is WindowState.RUNNING:
            acts.append(("stops", "Stop it", "hand-stop"))
        return acts

    @property
    def report(self) -> str:
        """What the records tell of it; "" before it began."""
        if self.found is None:
            return ""
        if not self.found.entries and self.drill.state is WindowState.RUNNING:
            return "No entry has come that way yet."
        return told(self.found)


def told(found: Measured) -> str:
    """What the records tell of a drill, in words."""
    if not found.entries:
        return "No entry came that way, so nothing was shown by it."
    promises = f", {found.missed} of {found.promises} promises missed" if found.promises else ""
    return (
        f"{found.entries:,} {'entry' if found.entries == 1 else 'entries'}: "
        f"{found.held} held in line, {found.other_ways} by another way, {found.people} to people; "
        f"{found.drained} at their end, {found.lost} lost, {found.duplicated} twice, "
        f"{found.entered_there} sent to what was out of use{promises}."
    )


def named(way: Way) -> str:
    """A way as people call it."""
    return f"{words.system(way.system)}, {way.environment}: {ROUTES.get(way.route, way.route)}"


def ways(places: Environments) -> list[tuple[str, str]]:
    """Every way that a drill can be asked for, with its name."""
    known = [Way(place.system, place.name, route) for place in places if place.system in SYSTEMS
             for route in SYSTEMS[place.system].routes]  # fmt: skip
    return [("/".join(way), named(way)) for way in known]
