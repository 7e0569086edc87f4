"""Which free slot a customer gets: the earliest wish that can be met, its earliest place, the lowest technician.

What cannot be met comes back with the nearest places instead, for a dispatcher or the customer to choose from.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from handoff.booking import Place, Window

VERSION = "1"
MOST_ALTERNATIVES = 8

RuleName = Literal["first_wish", "later_wish", "no_slot"]


class SlotInputs(BaseModel):
    """What the choice may look at: the wishes, the best first, and what the board offered when it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: tuple[Window, ...]
    free: tuple[Place, ...]
    today: date


class SlotChoice(BaseModel):
    """The place, when there is one; and the nearest others, no two at the same time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: RuleName
    version: str = VERSION
    reason: str
    place: Place | None = None
    alternatives: tuple[Place, ...] = ()


def choose(inputs: SlotInputs) -> SlotChoice:
    """The place for these wishes. Always answers; a day that is today or past is nobody's wish any more."""
    free = sorted((place for place in inputs.free if place.day > inputs.today), key=_order)
    for number, window in enumerate(inputs.windows, start=1):
        fitting = [place for place in free if place.fits(window)]
        if fitting:
            return SlotChoice(
                rule="first_wish" if number == 1 else "later_wish",
                reason=f"the earliest free slot in wish {number} of {len(inputs.windows)}",
                place=fitting[0],
                alternatives=_nearest(free, inputs.windows, fitting[0]),
            )
    return SlotChoice(
        rule="no_slot",
        reason="no technician with the skill is free in any of the wishes",
        alternatives=_nearest(free, inputs.windows, None),
    )


def _nearest(free: list[Place], windows: tuple[Window, ...], taken: Place | None) -> tuple[Place, ...]:
    """The places nearest to the best wish, in the order of time; one for each time."""
    known = {(taken.day, taken.slot)} if taken is not None else set()
    one_each: list[Place] = []
    for place in free:
        if (place.day, place.slot) not in known:
            known.add((place.day, place.slot))
            one_each.append(place)
    near = sorted(one_each, key=lambda place: _distance(place, windows[0]))[:MOST_ALTERNATIVES]
    return tuple(sorted(near, key=_order))


def _distance(place: Place, wish: Window) -> tuple[int, int, date]:
    hours = 0 if wish.slot == "any" else abs(int(place.slot) - int(wish.slot))
    return abs((place.day - wish.day).days), hours, place.day


def _order(place: Place) -> tuple[date, str, str]:
    return place.day, place.slot, place.technician
