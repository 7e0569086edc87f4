"""The map of what stands on what: each journey's stages in a row, the systems below, and a line for every need."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from console import words
from core.case import STAGE_TITLES, Stage
from records.dependencies import Counts
from systems.journeys import JOURNEYS, Journey, Need
from systems.registry import SYSTEMS

WIDE, GAP, TALL = 104, 5, 52
"""A stage's box, and what lies between two."""
BELOW = 104
"""From the top of a stage to the top of a system."""
MARGIN = 4


@dataclass(frozen=True)
class Box:
    """A stage or a system, drawn: its place, what it is called, what stands below its title."""

    name: str
    title: str
    x: float
    y: float
    said: str
    hit: bool

    @property
    def middle(self) -> float:
        """Where lines meet it."""
        return self.x + WIDE / 2


@dataclass(frozen=True)
class Line:
    """A need; `stops`: the stage stands still without it. `path` is the curve from stage to system."""

    path: str
    stops: bool
    hit: bool


@dataclass(frozen=True)
class Row:
    """One stage in words, for whoever does not see the drawing."""

    title: str
    open: int
    waits: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """One journey as it is drawn."""

    title: str
    stages: tuple[Box, ...]
    systems: tuple[Box, ...]
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]

    @property
    def width(self) -> float:
        """How wide the drawing is."""
        return max(box.x for box in self.stages) + WIDE + MARGIN

    @property
    def height(self) -> float:
        """How tall it is."""
        return BELOW + TALL + 2 * MARGIN if self.systems else TALL + 2 * MARGIN

    @property
    def where(self) -> str:
        """The stages on which cases wait, in words."""
        return ", ".join(f"{row.title} ({row.waits:,})" for row in self.rows if row.waits)

    @property
    def waits(self) -> int:
        """How many of its cases wait for a system."""
        return sum(row.waits for row in self.rows)

    @property
    def open(self) -> int:
        """How many of its cases are open."""
        return sum(row.open for row in self.rows)


def maps(system: str, open_cases: Counts, waiting: Mapping[str, Counts], out: Collection[str]) -> list[Map]:
    """Every journey with stages, or those that need a system; `out` are the systems that are out."""
    shown = [one for one in JOURNEYS.values() if one.stations and (not system or any(one.needs(system)))]
    return [_map(journey, system, open_cases, waiting, out) for journey in shown]


def _map(journey: Journey, system: str, open_cases: Counts, waiting: Mapping[str, Counts], out: Collection[str]) -> Map:
    boxes, rows, lines = [], [], []
    needed = [one for one in SYSTEMS if any(journey.needs(one)) and system in ("", one)]
    places = _places(len(needed), len(journey.stations))
    systems = {
        name: Box(name, SYSTEMS[name].title, places[at], MARGIN + BELOW, "is out" if name in out else "", name in out)
        for at, name in enumerate(needed)
    }
    for at, station in enumerate(journey.stations):
        key = (journey.name, station.stage.value)
        count, waits = open_cases.get(key, 0), sum(one.get(key, 0) for one in waiting.values())
        needs = [need for need in station.needs if need.system in systems]
        box = _stage(at, station.stage, count, waits, any(need.stops and need.system in out for need in needs))
        boxes.append(box)
        rows.append(Row(box.title, count, waits, tuple(needed_words(need) for need in needs)))
        lines += [_line(box, systems[need.system], need) for need in needs]
    return Map(journey.title, tuple(boxes), tuple(systems.values()), tuple(lines), tuple(rows))


def needed_words(need: Need) -> str:
    """What a stage asks of a system, in words."""
    known = SYSTEMS[need.system].operations
    asked = [known[name].title.lower() for name in need.operations] + [f"reading the {what}" for what in need.reads]
    return f"{SYSTEMS[need.system].title}: {', '.join(asked)}" + ("" if need.stops else " (goes on without)")


def _stage(at: int, stage: Stage, count: int, waits: int, hit: bool) -> Box:
    said = f"{words.counted(waits, 'case')} wait{'s' if waits == 1 else ''}" if waits else ""
    if not said and count and stage is not Stage.CLOSED:
        said = f"{count:,} open"
    return Box(stage.value, STAGE_TITLES[stage], MARGIN + at * (WIDE + GAP), MARGIN, said, hit or waits > 0)


def _places(count: int, stages: int) -> list[float]:
    """Where the systems stand, spread below the stages."""
    whole = stages * (WIDE + GAP) - GAP
    return [round(MARGIN + whole * (at + 1) / (count + 1) - WIDE / 2, 1) for at in range(count)]


def _line(stage: Box, system: Box, need: Need) -> Line:
    top, end = stage.y + TALL, system.y
    bend = (top + end) / 2
    path = f"M{stage.middle} {top}C{stage.middle} {bend} {system.middle} {bend} {system.middle} {end}"
    return Line(path, need.stops, system.hit)
