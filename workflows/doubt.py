"""What a failed step and a look after a doubt mean for an entry: found, waited for, or a person's matter."""

from temporalio.exceptions import ActivityError

from activities.look import Looked
from core.fault_list import every_fault
from core.faults import (
    AWAY,
    AccountHeld,
    Ambiguous,
    CannotTell,
    ConfirmedButAbsent,
    Conflict,
    NoSeat,
    NotEnteredAfterDoubt,
    OutsideWindow,
    RecordLocked,
    SystemHeld,
)
from core.outcome import Answer

THERE = frozenset({Answer.EQUAL, Answer.AFTER})
NOT_THERE = frozenset({Answer.ABSENT, Answer.BEFORE})
OTHERWISE = frozenset({Answer.DIFFERENT, Answer.OTHER})
NO_SEAT_YET = AWAY | {AccountHeld.code, NoSeat.code, OutsideWindow.code, RecordLocked.code, SystemHeld.code}
"""A look that could not be had at this moment: it is waited for, and nobody is bothered."""


def code_of(error: ActivityError, otherwise: str) -> str:
    """Which fault an activity raised; `otherwise` when it did not end by itself."""
    code = getattr(error.cause, "type", None)
    return code if code in every_fault() else otherwise


def absent_for_sure(looked: Looked) -> bool:
    """Whether nothing speaks for the entry being there: no record, none of ours, and no word of the system's."""
    return looked.answer in NOT_THERE and not looked.ours and looked.confirmed is None


def why_a_person(looked: Looked) -> str:
    """The code of an entry that a look after a doubt did not find as it was entered."""
    if looked.answer in OTHERWISE or (looked.answer in NOT_THERE and looked.ours):
        return Conflict.code  # it was entered and overwritten, or somebody else was quicker: the fields say which
    if looked.answer in NOT_THERE:
        return NotEnteredAfterDoubt.code if looked.confirmed is None else ConfirmedButAbsent.code
    return Ambiguous.code if looked.answer is Answer.SEVERAL else CannotTell.code
