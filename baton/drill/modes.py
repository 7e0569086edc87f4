"""What a drill does to a system: which switches, and after how many seconds of the outage."""

from dataclasses import dataclass
from typing import Any

from systems.drills import Mode

SLOWEST = (30.0, 120.0)
"""Seconds that a page takes from and up to, of a system that is slow."""
LIES = ("not saved", "another application", "nonsense", "an old page")


@dataclass(frozen=True)
class Step:
    """After so many seconds these switches."""

    after: float
    switches: dict[str, Any]


def steps(mode: Mode, seconds: float) -> tuple[Step, ...]:
    """The course of an outage of that length."""
    if mode is Mode.DOWN:
        return (Step(0, {"refuse_seconds": seconds}),)
    if mode is Mode.SLOW:
        return (Step(0, {"slow_seconds": SLOWEST[0], "slow_up_to_seconds": SLOWEST[1]}),)
    if mode is Mode.FLAP:
        return (Step(0, {"reset_percent": 50}),)
    return tuple(Step(seconds * at / len(LIES), {"lie": lie}) for at, lie in enumerate(LIES))


def settle_seconds(mode: Mode, usual: float) -> float:
    """How long a system may still commit after a click: what was sent to a slow one is carried out all the same."""
    return SLOWEST[1] + usual if mode is Mode.SLOW else usual
