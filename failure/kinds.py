"""How a failure is classed, and what is known of the entry itself."""

from enum import StrEnum

from core.fault_list import every_fault
from core.faults import (
    FOR_A_PERSON,
    BrowserDied,
    BrowserInDoubt,
    CannotTell,
    ConfirmedButAbsent,
    LeaseLost,
    NotEnteredAfterDoubt,
    NotSeenInTime,
    ReadBackDiffers,
    Refused,
    ScreenUnexpected,
    UnderWatch,
    WorkerLost,
)
from core.work_item import NEEDS_PERSON, State


class FailureClass(StrEnum):
    """What kind of trouble it is: the system's no, our trouble with it, a doubt, a lost process, a changed screen."""

    REFUSED = "refused"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    LOST = "lost"
    DRIFT = "drift"


class Standing(StrEnum):
    """What is known of the entry: surely not in, perhaps, some of its parts, all of it."""

    NOT_ENTERED = "not_entered"
    MAYBE = "maybe"
    PARTLY = "partly"
    ENTERED = "entered"


NO_FAILURE = FOR_A_PERSON | {UnderWatch.code}
"""Why an item waits for a person although nothing is wrong with it."""

_LOST = frozenset({WorkerLost.code, LeaseLost.code, BrowserDied.code})
_DOUBT = frozenset(
    {
        BrowserInDoubt.code,
        CannotTell.code,
        ConfirmedButAbsent.code,
        NotEnteredAfterDoubt.code,
        NotSeenInTime.code,
    }
)


def fails(state: State, code: str) -> bool:
    """Whether an item that stands so needs review."""
    return state is State.UNKNOWN or (state in NEEDS_PERSON and code not in NO_FAILURE)


def class_of(state: State, code: str) -> FailureClass:
    """The class of a failure by its code; what a doubt came from is said where it is known."""
    fault = every_fault().get(code)
    if code in _LOST:
        return FailureClass.LOST
    if fault is not None and issubclass(fault, ScreenUnexpected):
        return FailureClass.DRIFT
    if state is State.UNKNOWN or code in _DOUBT:
        return FailureClass.UNKNOWN
    if fault is not None and issubclass(fault, Refused):
        return FailureClass.REFUSED
    return FailureClass.BROKEN


def standing_of(state: State, code: str, *, open_doubts: int, parts_done: int, confirmed: bool) -> Standing:
    """What is known of the entry; `open_doubts` counts the doubts that no look has settled as *not there*.

    What is called *not entered* is so surely: any doubt that nobody settled is said as one.
    """
    if state is State.DONE or code == ReadBackDiffers.code:
        return Standing.ENTERED
    if state in (State.UNKNOWN, State.SUBMITTING):
        return Standing.MAYBE
    if code != NotEnteredAfterDoubt.code and (confirmed or open_doubts > 0):
        return Standing.MAYBE
    return Standing.PARTLY if parts_done else Standing.NOT_ENTERED
