"""Plain words for what happened and how things stand: one wording for list, page and timeline."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from console.event_words import ASKED, CAUSES, CLOCKS, DESK_NOTES, EVENTS, NOTES, ROUTED, SOURCES, STEPS, TOLD
from core import fault_list
from core.case import Stage, WaitsFor
from core.work_item import State
from handoff.resolution import TITLES
from records.people import Role
from systems import fieldboard
from systems.registry import SYSTEMS

ROLES: dict[Role, str] = {
    Role.OPS: "Operations",
    Role.SUPERVISOR: "Supervisor",
    Role.AGENT: "Service agent",
    Role.DISPATCHER: "Dispatcher",
    Role.IT: "IT",
}
WAITS: dict[WaitsFor, str] = {
    WaitsFor.NOTHING: "Baton works on it",
    WaitsFor.PERSON: "A person",
    WaitsFor.SEAT: "A free seat",
    WaitsFor.WINDOW: "Working hours",
    WaitsFor.PACE: "Its turn",
    WaitsFor.HELD_SYSTEM: "A system that is held",
    WaitsFor.HELD_GROUP: "A failure before it",
    WaitsFor.LOOK: "A look on the screen",
    WaitsFor.CUSTOMER: "The customer",
    WaitsFor.APPOINTMENT: "An appointment",
    WaitsFor.TEMPORAL: "Temporal",
}
SLOTS = {"any": "any time", **fieldboard.SLOTS}
SKILLS = fieldboard.SKILLS

LINE = 240
"""What a timeline's line shows of what somebody said."""


@dataclass(frozen=True)
class Look:
    """How something is shown: never by colour alone."""

    text: str
    tone: str  # good, bad, warn, note, doubt or nothing
    icon: str


STATES: dict[State, Look] = {
    State.NEW: Look("New", "", "circle-dashed"),
    State.READY: Look("Ready", "", "circle-dashed"),
    State.RUNNING: Look("Running", "note", "player-play"),
    State.SUBMITTING: Look("Submitting", "note", "send"),
    State.UNKNOWN: Look("Unknown", "doubt", "eye-question"),
    State.DONE: Look("Done", "good", "circle-check"),
    State.REFUSED: Look("Refused", "bad", "ban"),
    State.BROKEN: Look("Broken", "bad", "alert-triangle"),
    State.DEFERRED: Look("Deferred", "", "clock-pause"),
    State.WITH_PERSON: Look("With a person", "warn", "user"),
    State.WITHDRAWN: Look("Withdrawn", "", "archive"),
    State.DISCARDED: Look("Discarded", "", "trash"),
}
WAIT_LOOKS: dict[WaitsFor, Look] = {
    WaitsFor.NOTHING: Look("Moving", "note", "player-play"),
    WaitsFor.PERSON: Look("Needs a person", "warn", "user"),
    WaitsFor.SEAT: Look("Waiting", "", "hourglass"),
    WaitsFor.WINDOW: Look("Waiting", "", "clock-pause"),
    WaitsFor.PACE: Look("Waiting", "", "hourglass"),
    WaitsFor.HELD_SYSTEM: Look("Held", "bad", "server"),
    WaitsFor.HELD_GROUP: Look("Held", "bad", "hand-stop"),
    WaitsFor.LOOK: Look("In doubt", "doubt", "eye-question"),
    WaitsFor.CUSTOMER: Look("Waiting", "", "message"),
    WaitsFor.APPOINTMENT: Look("Booked", "good", "clock"),
    WaitsFor.TEMPORAL: Look("Kept", "", "clock"),
}
CLOSED = Look("Closed", "good", "circle-check")
OUTCOMES = {
    "done": Look("Done", "good", "circle-check"),
    "not_yet": Look("Not yet", "", "clock"),
    "refused": Look("Refused", "bad", "ban"),
    "broken": Look("Broken", "bad", "alert-triangle"),
    "unknown": Look("Unknown", "doubt", "eye-question"),
}
LOOKED = Look("Looked", "note", "search")
PURPOSES = {"look": "Look on the screen", "verify": "Look on the screen for a person", "gap": "Look after a restore"}
"""What a try was for that was to enter nothing."""
MAIL_STATES = {
    "waiting": "Waits",
    "placed": "On its case",
    "dismissed": "Dismissed",
    "automatic": "Written by a program",
}
MAIL_WHY: dict[str, Look] = {
    "no_case": Look("No case found", "warn", "help"),
    "nobody": Look("Nobody has the case", "warn", "user-off"),
    "closed": Look("The case is closed", "warn", "archive"),
    "closed_long_ago": Look("The case was closed long ago", "warn", "archive"),
}
"""Why a mail waits for a person."""
MAIL_TODO = {
    "no_case": "Which case does it belong to?",
    "nobody": "Its case is open, but nobody has it: read it, then keep it there",
    "closed": "Its case is closed: read it, then keep it there",
    "closed_long_ago": "Its case was closed long ago: read it, then keep it there, or give it to a newer one",
}
TAKEN = {
    "before_submit": "Before saving",
    "after_submit": "After saving",
    "looked": "When it was looked for",
    "trouble": "When it went wrong",
    "lost": "Last seen before the bot process was lost",
}
EVIDENCE = {
    "screenshot": "Screen",
    "snapshot": "What the screen said (accessibility snapshot)",
    "exchange": "Request and answer",
    "trace": "Trace",
    "mail": "The mail as it came",
    "photo-jpeg": "Photo",
    "photo-png": "Photo",
    "attachment": "File",
}
DROPPED = {
    "no_room": "Not kept: the evidence volume was full. The entry went on.",
    "store_away": "Not kept: the evidence store did not take it. The entry went on.",
    "not_taken": "Not taken: the screen could not be captured in time, or not masked for sure.",
}


def fault(code: str) -> str:
    """A fault's fixed sentence; its name when it is not on the list."""
    listed = fault_list.known(code)
    return listed.sentence() if listed is not None else humanised(code)


def humanised(name: str) -> str:
    """`order.read_back` as *Order read back*."""
    return name.replace(".", " ").replace("_", " ").strip().capitalize()


def system(name: str) -> str:
    """A system's title."""
    return SYSTEMS[name].title if name in SYSTEMS else humanised(name)


def operation(system_name: str, name: str) -> str:
    """An operation's title."""
    known = SYSTEMS[system_name].operations.get(name) if system_name in SYSTEMS else None
    return known.title if known is not None else humanised(name)


def resolution(kind: str) -> str:
    """A resolution's title."""
    return TITLES.get(kind, humanised(kind))


def outcome(text: str) -> str:
    """How a case ended: a resolution by its title, everything else as it was written, a person's words among it."""
    said = TITLES.get(text.replace(" ", "_"), text) or "Closed"
    return said[:1].upper() + said[1:]


def reading(value: Any) -> str:
    """What a rule read or said, for people: several things with commas between, a resolution by its title."""
    if isinstance(value, list | tuple):
        return ", ".join(reading(one) for one in value)
    return TITLES.get(str(value), str(value))


def day(text: str) -> str:
    """A day as people write it, 21 Nov 2026; what is none stays as it is."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.day} {found:%b %Y}"


def given(name: str, text: str) -> str:
    """A value of a form as people say it."""
    if name == "skill":
        return SKILLS.get(text, text).capitalize()
    if name.startswith("slot_"):
        return SLOTS.get(text, text)
    return day(text) if name == "failed_on" or name.startswith("day_") else text


_SPOKEN: dict[str, Callable[[str], str]] = {
    "code": fault,
    "source": lambda name: SOURCES.get(name, name),
    "resolution": lambda kind: resolution(kind).lower(),
    "outcome": outcome,
    "cause": lambda name: CAUSES.get(name, name).lower(),
    "state": lambda name: name.replace("_", " "),
    "text": lambda text: shortened(text, LINE),
    "note": lambda kind: NOTES.get(kind, humanised(kind)),
    "kind": lambda kind: DESK_NOTES.get(kind, humanised(kind)),
    "to": lambda who: ASKED.get(who, who),
    "tells": lambda who: TOLD.get(who, who),
    "clock": lambda name: clock(name)[0].lower() + clock(name)[1:],
    "answer": lambda text: shortened(text, LINE),
    **ROUTED,
}
"""How what an event carries is said."""


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def event(name: str, system_name: str, data: Mapping[str, Any]) -> str:
    """What happened, as a sentence; an unknown name becomes a humanised one."""
    words = {key: str(value) for key, value in data.items()}
    said = _Known(words, system=system(system_name) if system_name else "system")
    if "operation" in words:
        said["operation"] = operation(system_name, words["operation"])
    said |= {key: spoken(words[key]) for key, spoken in _SPOKEN.items() if words.get(key)}
    if data.get("stranger"):
        said["stranger"] = f" from {data['stranger']}, who was not written to"
    if data.get("attachments"):
        said["files"] = f", with {counted(len(data['attachments']), 'file')}"
    if isinstance(data.get("tick"), Mapping):
        said["reason"] = str(data["tick"].get("reason", ""))
    if "silent" in words:
        said |= _lost(words["step"], data["silent"])
    sentence = EVENTS.get(name, humanised(name)).format_map(said)
    return " ".join(sentence.split()).strip().rstrip(":,")


def clock(name: str) -> str:
    """What a clock of a handoff is called; offered again, its time for acceptance began anew."""
    return CLOCKS.get(name.partition("#")[0], humanised(name.partition("#")[0]))


def counted(number: int, thing: str) -> str:
    """A number with its word: 1 file, 2 files."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def without_token(text: str) -> str:
    """A mail's text as the house sees it: whoever has the link in it could answer in the customer's place."""
    return re.sub(r"(/answers/)\S+", r"\1…", text)


def shortened(text: str, longest: int) -> str:
    """Text that fits on a line of a list."""
    return text if len(text) <= longest else f"{text[:longest].rstrip()} …"


def step(name: str) -> str:
    """A step of a job: one of the protocol's, or one that the bot named itself."""
    return STEPS.get(name, humanised(name))


def _lost(at: str, silent: int | None) -> dict[str, str]:
    return {"step": step(at), "silent": f", {silent} s after its last sign of life" if silent is not None else ""}


def stage(value: Stage) -> str:
    """What a stage is called while the case stands on it."""
    return _STANDING[value]


_STANDING: dict[Stage, str] = {
    Stage.RECEIVED: "Received",
    Stage.READING: "Reading the order",
    Stage.CORRECTION: "Order number in question",
    Stage.MARKING: "Marking the order",
    Stage.TICKETING: "Opening the ticket",
    Stage.WITH_SERVICE: "With service",
    Stage.RESOLVING: "Keying the decision",
    Stage.TELLING: "Telling the customer",
    Stage.FINDING: "Finding a slot",
    Stage.WITH_DISPATCH: "With dispatch",
    Stage.BOOKING: "Booking the slot",
    Stage.BOOKED: "Booked",
    Stage.CLOSED: "Closed",
}


def lasting(span: timedelta | None) -> str:
    """A duration with its unit, as short as can be."""
    if span is None:
        return ""
    seconds = max(int(span.total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


STAGES = [(value.value, _STANDING[value]) for value in Stage]
WAIT_CHOICES = [(value.value, WAITS[value]) for value in WaitsFor]
