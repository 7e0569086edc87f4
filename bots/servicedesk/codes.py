"""The service desk's answers, of its API and of its screens, translated once into the standard faults."""

import re

from core.faults import (
    Fault,
    InputRefused,
    RecordNotFound,
    Refused,
    ScreenUnexpected,
    SessionLost,
    SignInRefused,
    SystemDown,
    Unknown,
)


class VersionMoved(Refused):
    """Somebody changed the ticket meanwhile, so the system did not take the change."""

    code = "version_moved"


REFUSALS: dict[int, type[Refused]] = {
    401: SignInRefused,
    403: SignInRefused,
    404: RecordNotFound,
    409: VersionMoved,
    422: InputRefused,
}
"""With these the service desk's API itself says that it took nothing."""

NOT_FOUND = "SD-404"
BEFORE_SAVE: dict[str, type[Fault]] = {
    "SD-401": SignInRefused,
    "SD-402": SessionLost,
    "SD-404": RecordNotFound,
    "SD-409": VersionMoved,
    "SD-422": InputRefused,
    "SD-500": SystemDown,
    "SD-503": SystemDown,
}
REFUSED_AT_SAVE: dict[str, type[Refused]] = {
    "SD-404": RecordNotFound,
    "SD-409": VersionMoved,
    "SD-422": InputRefused,
}
"""With these, and only these, the screens themselves say that nothing was saved."""

SAVED = {
    "open_ticket": re.compile(r"SD-201 Ticket (T-\d+) opened\."),
    "update_ticket": re.compile(r"SD-202 Ticket (T-\d+) saved as version (\d+)\."),
    "add_callback": re.compile(r"SD-203 Callback (T-\d+/C-\d+) added\."),
    "remove_callback": re.compile(r"SD-204 Callback (T-\d+)/C-\d+ removed with version (\d+)\."),
}
"""What the screens say once after a save, by operation, with the parts of the confirmation number."""

_SHOWN = {
    "state": {"open": "Open", "in_progress": "In progress", "solved": "Solved"},
    "priority": {"high": "High", "normal": "Normal", "low": "Low"},
}
_STORED = {field: {text: value for value, text in words.items()} for field, words in _SHOWN.items()}
_ADDED = re.compile(r"Callback (C-\d+) added")
_REMOVED = re.compile(r"Callback (C-\d+) removed")
_STATE = "State: "


def fault_of(status: int, text: str) -> Fault:
    """What an HTTP status outside 200 to 299 means for a request that changes nothing."""
    detail = f"HTTP {status}: {text[:500]}"
    if status in REFUSALS:
        return REFUSALS[status](detail)
    return SystemDown(detail) if status >= 500 else ScreenUnexpected(detail)


def code_of(message: str) -> str:
    """The code that a screen's message begins with, as SD-409; empty when it has none."""
    first = message.split(" ", 1)[0]
    return first if first.startswith("SD-") else ""


def before_save(message: str) -> Fault:
    """What a screen's message means as long as nothing was submitted."""
    return BEFORE_SAVE.get(code_of(message), ScreenUnexpected)(message)


def after_save(message: str) -> Fault:
    """What it means as the answer to a submit: refused when the desk says so itself, else unknown."""
    return REFUSED_AT_SAVE.get(code_of(message), Unknown)(message)


def confirmation(operation: str, message: str) -> str | None:
    """The confirmation number in the message that follows a save: T-000123, T-000123/2, T-000123/C-1."""
    found = SAVED[operation].fullmatch(message)
    return "/".join(found.groups()) if found else None


def shown(field: str, value: str) -> str:
    """A coded value as the screens call it: in_progress is In progress, high is High."""
    return _SHOWN.get(field, {}).get(value, value)


def stored(field: str, text: str) -> str:
    """A text of the screens as the entries hold it; the other way round."""
    return _STORED.get(field, {}).get(text, text)


def is_change(what: str) -> bool:
    """Whether a line of the history tells of a change of state."""
    return what.startswith(_STATE)


def state_of(what: str) -> str:
    """The state that such a line tells of."""
    return what.removeprefix(_STATE)


def callback_added(what: str) -> str | None:
    """The number of the callback that a line of the history says was added."""
    found = _ADDED.fullmatch(what)
    return found.group(1) if found else None


def callback_removed(what: str) -> str | None:
    """The number of the callback that a line of the history says was removed."""
    found = _REMOVED.fullmatch(what)
    return found.group(1) if found else None
