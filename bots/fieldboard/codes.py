"""The dispatch board's messages, translated once into the standard faults."""

from core.faults import (
    AccountLocked,
    Conflict,
    Fault,
    InputRefused,
    PasswordExpired,
    RecordNotFound,
    Refused,
    ScreenUnexpected,
    SessionLost,
    SignInRefused,
    StatusForbids,
    SystemDown,
    Unknown,
)


class SlotTaken(Refused):
    """Somebody else has the slot, so nothing was booked there: another slot is needed."""

    code = "slot_taken"


class TechnicianOff(Refused):
    """The technician does not work then, so nothing was booked there: another slot is needed."""

    code = "technician_off"


class SkillMissing(Refused):
    """The technician lacks the skill, so nothing was booked there."""

    code = "skill_missing"


class DayPast(Refused):
    """The day lies in the past, so nothing was booked there."""

    code = "day_past"


NOT_FOUND = "FB-101"
SAVED = {"book": "FB-201", "move": "FB-202", "cancel_booking": "FB-203"}
"""What the board says once after a save, by operation."""

REFUSED_AT_SAVE: dict[str, type[Refused]] = {
    "FB-102": InputRefused,
    "FB-114": Conflict,
    "FB-120": SlotTaken,
    "FB-121": TechnicianOff,
    "FB-122": SkillMissing,
    "FB-123": DayPast,
    "FB-124": StatusForbids,
}
"""With these, and only these, the board itself says that it saved nothing."""

BEFORE_SAVE: dict[str, type[Fault]] = {
    **REFUSED_AT_SAVE,
    "FB-101": RecordNotFound,
    "FB-301": SessionLost,
    "FB-310": SignInRefused,
    "FB-311": AccountLocked,
    "FB-312": PasswordExpired,
    "FB-500": SystemDown,
    "FB-503": SystemDown,
}


def code_of(message: str) -> str:
    """The code that a message line begins with, as FB-120; empty when it has none."""
    first = message.split(" ", 1)[0]
    return first if first.startswith("FB-") else ""


def before_save(message: str) -> Fault:
    """What a message means as long as nothing was submitted."""
    return BEFORE_SAVE.get(code_of(message), ScreenUnexpected)(message)


def after_save(message: str) -> Fault:
    """What a message means as the answer to a submit: refused when the board says so itself, else unknown."""
    return REFUSED_AT_SAVE.get(code_of(message), Unknown)(message)
