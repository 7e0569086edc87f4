"""The order desk's messages, translated once into the standard faults."""

from core.faults import (
    AccountLocked,
    Conflict,
    Fault,
    InputRefused,
    PasswordExpired,
    RecordLocked,
    RecordNotFound,
    Refused,
    ScreenUnexpected,
    SessionLost,
    SignInRefused,
    StatusForbids,
    SystemDown,
    Unknown,
)


class LockedAtSave(Refused):
    """Another user took the record before it was saved, so the system did not save it."""

    code = "locked_at_save"


SAVED = "ORD-201"
NOT_FOUND = "ORD-101"
DUPLICATE = "ORD-130"
QUESTIONS = ("ORD-130 a refund for this order already exists - create anyway?",)
"""What the desk may ask after a save, and what is always answered with no: a person decides."""

BEFORE_SAVE: dict[str, type[Fault]] = {
    "ORD-101": RecordNotFound,
    "ORD-102": InputRefused,
    "ORD-113": RecordLocked,
    "ORD-114": Conflict,
    "ORD-120": StatusForbids,
    "ORD-301": SessionLost,
    "ORD-310": SignInRefused,
    "ORD-311": AccountLocked,
    "ORD-312": PasswordExpired,
    "ORD-500": SystemDown,
    "ORD-503": SystemDown,
}
REFUSED_AT_SAVE: dict[str, type[Refused]] = {
    "ORD-101": RecordNotFound,
    "ORD-102": InputRefused,
    "ORD-113": LockedAtSave,
    "ORD-114": Conflict,
    "ORD-120": StatusForbids,
    "ORD-130": Conflict,
    "ORD-131": RecordNotFound,
    "ORD-132": InputRefused,
    "ORD-133": RecordNotFound,
}
"""With these, and only these, the order desk itself says that it saved nothing."""


def code_of(message: str) -> str:
    """The code that a message line begins with, as ORD-113; empty when it has none."""
    first = message.split(" ", 1)[0]
    return first if first.startswith("ORD-") else ""


def before_save(message: str) -> Fault:
    """What a message means as long as nothing was submitted."""
    return BEFORE_SAVE.get(code_of(message), ScreenUnexpected)(message)


def after_save(message: str) -> Fault:
    """What a message means as the answer to a submit: refused when the desk says so itself, else unknown."""
    return REFUSED_AT_SAVE.get(code_of(message), Unknown)(message)
