"""What became of one thing of a bulk action, in the sentence that people read."""

from datetime import datetime
from typing import NamedTuple

from core.fault_list import every_fault
from core.faults import FOR_A_PERSON
from core.work_item import NEEDS_PERSON, State
from records.bulk_action import BulkFate

NOT_BY_BOT = "not_by_bot"
"""The code of one that is done without a bot having entered it now."""


class Came(NamedTuple):
    """What came of one thing: its state, the sentence that people read, and a code where that needs one."""

    fate: BulkFate
    said: str
    code: str = ""


NO_ANSWER_YET = "no_answer_yet"
"""The code of one that was sent and has not answered: whether it took the word is asked again, under the same id."""
UNANSWERED = Came(
    BulkFate.SENT, "Going: it has not answered yet whether it takes the word; it is asked again.", NO_ANSWER_YET
)
SILENT = Came(
    BulkFate.FAILED,
    "It never answered: nobody knows whether the word reached it. Look at the entry before you send it again.",
    "no_answer",
)
GONE = Came(
    BulkFate.FAILED,
    "Its workflow has ended outside Baton, and nothing has carried it on since; look at the entry.",
    "not_running",
)


def came_of(state: State, code: str, confirmation: str | None, *, found: bool) -> Came | None:
    """What became of an entry that was sent again, None while it goes: only one that is in counts as done.

    `found`: it is in, and was seen there: by a bot that found it entered before, or after a person keyed it.
    """
    if state is State.DONE:
        said = f"Done, as {confirmation}." if confirmation else "Done."
        return Came(BulkFate.DONE, f"{said} It stood there already." if found else said, NOT_BY_BOT if found else "")
    if state in (State.DISCARDED, State.WITHDRAWN):
        return Came(BulkFate.SKIPPED, f"Somebody has {state.value} it meanwhile.")
    if state in NEEDS_PERSON and code in FOR_A_PERSON:
        return Came(BulkFate.SKIPPED, "Somebody has taken it over meanwhile, to key it by hand.")
    if state in NEEDS_PERSON:
        return Came(BulkFate.FAILED, f"It failed again: {sentence(code)}", code)
    return None


def going(state: State, wait: str, until: datetime | None) -> str:
    """What one that was sent waits for."""
    if state is State.UNKNOWN:
        return "Going: nobody has seen yet whether it was entered; the screen is looked at."
    if state is State.DEFERRED and until is not None:
        return f"Going: it waits for the working hours, until {until:%Y-%m-%d %H:%M} UTC."
    if state is State.READY:
        return "Going: it waits for a seat." if wait == "nothing" else "Going: it waits for the system."
    return "Going: a bot has it now."


def sentence(code: str) -> str:
    """A failure code as people read it."""
    fault = every_fault().get(code)
    return fault.sentence() if fault is not None else code.replace("_", " ") + "."
