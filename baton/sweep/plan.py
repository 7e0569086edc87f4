"""What happens in which run of a sweep: a schedule that follows from the seed alone, and covers by construction.

A round holds every pair of a point and a victim once, by screens and by API, a fault of the desk of each kind, and two
runs in peace. From round to round each pair moves on to the next operation, and once all had it, to the other action
and the next part: a Latin square, so that nothing depends on luck. The seed only shuffles the order.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from baton.sweep.cast import Target
from core.crash_points import POINTS

BOT_POINTS = tuple(point for point in POINTS if point != "relay_after_start")
WITHOUT_PAGE = frozenset({"before_intent", "before_report"})
"""Points at which no page is open: there is no renderer to strike."""
ONCE_AN_ITEM = frozenset({"before_intent", "before_report"})
"""Points that are reached once for an item, however many parts it has."""
VICTIMS = ("bot", "browser", "renderer", "driver")
ACTIONS = ("kill", "pause")
DESK = ("commit_then_500", "silent", "late")
"""The desk commits and answers with an error; commits and is silent; commits late while the bot is killed."""
SHORT_PAUSE, LONG_PAUSE = 1.3, 4.0
"""How long a pause lasts, in leases: always long enough to lose it."""
IN_PEACE = 2


@dataclass(frozen=True)
class Blow:
    """What strikes a run: `victim` (or "desk"), at which point, at its `nth` time, for how many leases when paused."""

    point: str
    victim: str
    action: str
    nth: int = 1
    leases: float = 0.0

    @property
    def words(self) -> str:
        """As people read it."""
        again = f"#{self.nth}" if self.nth > 1 else ""
        return f"{self.point}{again}: {self.action} {self.victim}"


@dataclass(frozen=True)
class Run:
    """One intent, and what strikes it; None for a run in peace."""

    number: int
    target: Target
    blow: Blow | None


class Plan:
    """The runs of a seed, by number, without end."""

    def __init__(self, seed: int, targets: Sequence[Target]) -> None:
        dice = random.Random(f"{seed}")
        self._seed = seed
        self._screens = dice.sample([target for target in targets if target.route == "bot"], k=_screens(targets))
        self._apis = dice.sample([target for target in targets if target.route != "bot"], k=_apis(targets))
        self.round_length = len(self._round(0))

    def run(self, number: int) -> Run:
        """The run of that number, from 1."""
        round_, place = divmod(number - 1, self.round_length)
        target, blow = self._round(round_)[place]
        return Run(number, target, blow)

    def _round(self, round_: int) -> list[tuple[Target, Blow | None]]:
        dice = random.Random(f"{self._seed}/{round_}")
        everybody = [*self._screens, *self._apis]
        runs: list[tuple[Target, Blow | None]] = []
        for targets, pairs in ((self._screens, screen_pairs()), (self._apis, [(point, "bot") for point in BOT_POINTS])):
            runs += [_crossed(targets, at, round_, pair, dice) for at, pair in enumerate(pairs) if targets]
        for at, action in enumerate(DESK):
            target = everybody[(at + round_) % len(everybody)]
            runs.append((target, Blow("after_guard", "desk", action)))
        runs += [(everybody[(IN_PEACE * round_ + at) % len(everybody)], None) for at in range(IN_PEACE)]
        dice.shuffle(runs)
        return runs


def screen_pairs() -> list[tuple[str, str]]:
    """Every point with every victim that is there then."""
    return [
        (point, victim)
        for point in BOT_POINTS
        for victim in VICTIMS
        if not (victim == "renderer" and point in WITHOUT_PAGE)
    ]


def _crossed(
    targets: Sequence[Target], at: int, round_: int, pair: tuple[str, str], dice: random.Random
) -> tuple[Target, Blow]:
    point, victim = pair
    target, turn = targets[(at + round_) % len(targets)], round_ // len(targets)
    action = ACTIONS[(at + turn) % len(ACTIONS)]
    nth = 1 if point in ONCE_AN_ITEM else 1 + (at + turn + turn // len(ACTIONS)) % target.commits
    leases = dice.uniform(SHORT_PAUSE, LONG_PAUSE) if action == "pause" else 0.0
    return target, Blow(point, victim, action, nth, round(leases, 2))


def _screens(targets: Sequence[Target]) -> int:
    return sum(target.route == "bot" for target in targets)


def _apis(targets: Sequence[Target]) -> int:
    return len(targets) - _screens(targets)
