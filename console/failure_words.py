"""What the pages of the failure queue say: a group in one sentence, its figures, its review, what to do next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from console import words
from console.words import Look
from core import fault_list
from core.faults import Refused
from failure.difference import Change, in_words
from failure.kinds import FailureClass, Standing
from failure.signature import LOOKING
from failure.states import Review
from records.failure import FailureGroup
from records.failure_figures import Counted

REVIEWS: dict[Review, Look] = {
    Review.NEW: Look("New", "bad", "alert-triangle"),
    Review.ACKNOWLEDGED: Look("Acknowledged", "note", "user-check"),
    Review.WAITING_FOR_FIX: Look("Waiting for fix", "warn", "hourglass"),
    Review.FIX_DEPLOYED: Look("Fix deployed", "note", "package"),
    Review.RETRYING: Look("Retrying", "note", "refresh"),
    Review.VERIFIED: Look("Verified", "good", "circle-check"),
    Review.DISMISSED: Look("Dismissed", "", "archive"),
    Review.REGRESSED: Look("Regressed", "bad", "history"),
}
KINDS: dict[FailureClass, Look] = {
    FailureClass.REFUSED: Look("Refused", "bad", "ban"),
    FailureClass.BROKEN: Look("Broken", "bad", "alert-triangle"),
    FailureClass.UNKNOWN: Look("Unknown", "doubt", "eye-question"),
    FailureClass.LOST: Look("Lost", "warn", "robot"),
    FailureClass.DRIFT: Look("Screen changed", "warn", "device-desktop"),
}
STANDINGS: dict[Standing, Look] = {
    Standing.NOT_ENTERED: Look("Surely not entered", "", "x"),
    Standing.MAYBE: Look("May be in", "doubt", "eye-question"),
    Standing.PARTLY: Look("Partly in", "warn", "list-check"),
    Standing.ENTERED: Look("Entered", "good", "check"),
}
JOURNEYS = {
    "failed-delivery": "Failed delivery",
    "booking-dispatch": "Booking to dispatch",
    "bot-to-agent": "Bot to agent",
    "legacy_entry": "Plain entry",
}
AT_STEP = {
    "find": "while looking for it",
    "enter": "while entering",
    "submit": "while saving",
    "read back": "while reading it back",
    "read": "while reading",
    "read the filled form": "while reading the filled form",
}
ACTS = {
    "group.new": "New again",
    "group.acknowledged": "Acknowledged",
    "group.waiting_for_fix": "Waits for a fix",
    "group.fix_deployed": "The fix is deployed",
    "group.retrying": "Being retried",
    "group.verified": "Verified: nothing of it is open",
    "group.dismissed": "Dismissed: what was open was discarded",
    "group.regressed": "Regressed: it failed again after it was over",
    "group.merged": "Another group was merged into it",
    "group.unmerged": "A merge was taken back",
    "group.owned": "Given to {to}",
    "group.left": "Given back: nobody looks after it",
    "group.ticketed": "Ticket {ticket} noted",
    "group.unticketed": "Ticket {was} taken away",
    "group.commented": "“{text}”",
    "group.held": "Held: {after} failed in a row, so others of this kind stand in line behind it",
    "group.let_go": "Let go",
    "group.snoozed": "Snoozed",
    "group.woken": "Woken",
    "failure.assigned": "One entry given to {to}",
}


def sentence(group: FailureGroup) -> str:
    """What happened, in one sentence."""
    system = words.system(group.system)
    if looks(group):
        return f"Looking for entries fails on the {system}: {_lower(words.fault(group.code)).rstrip('.')}."
    if said := changes(group):
        return f"A screen of the {system} changed: {in_words(said)}."
    if group.message and _refuses(group.code):
        return f"The {system} refuses it: “{group.message.rstrip('.')}”."
    return words.fault(group.code)


def where(group: FailureGroup) -> str:
    """Where it happened: operation, screen and step."""
    parts = [words.operation(group.system, group.operation)]
    parts += [f"screen {group.screen}"] if group.screen else []
    parts += [AT_STEP.get(group.step, f"at the step “{group.step}”")] if group.step else []
    parts += [f"in {group.environment}"] if group.environment != "production" else []
    return ", ".join(parts)


def looks(group: FailureGroup) -> bool:
    """Whether it is the look itself that fails: all doubt about its system waits for it."""
    return group.step in LOOKING


def changes(group: FailureGroup) -> list[Change]:
    """What changed of the screen; what cannot be read as a change is left out."""
    found = []
    for one in group.drift:
        try:
            change = Change.model_validate(one)
        except ValidationError:
            continue
        if change.words:
            found.append(change)
    return found


def journey(name: str) -> str:
    """A journey's title."""
    return JOURNEYS.get(name, words.humanised(name.replace("-", " ")))


def tally(counts: Iterable[Counted]) -> dict[str, int]:
    """How many stand how: the four standings, and `held` for those behind it that were not tried."""
    found: Counter[str] = Counter()
    for one in counts:
        found["held" if one.held else one.standing.value] += one.n
    return found


def by(counts: Iterable[Counted], name: str) -> list[tuple[str, int]]:
    """How many of each journey, or of each tier, the most first."""
    found: Counter[str] = Counter()
    for one in counts:
        found[str(getattr(one, name))] += one.n
    return found.most_common()


def act(what: str, data: Mapping[str, Any]) -> str:
    """One line of a group's history."""
    told = ACTS.get(what, words.humanised(what.partition(".")[2]))
    if what == "group.snoozed":
        return told + _until(data)
    try:
        return told.format_map({key: str(value) for key, value in data.items()})
    except KeyError:
        return words.humanised(what.partition(".")[2])


def _until(data: Mapping[str, Any]) -> str:
    """Until when a group was put aside."""
    said = []
    if until := data.get("until"):
        said.append(f" until {datetime.fromisoformat(until):%d %b, %H:%M} UTC")
    if count := data.get("count"):
        said.append(f" until {count:,} are open")
    return " or".join(said)


def until_fix(group: FailureGroup) -> str:
    """Until when a group waits for its fix."""
    waits = group.waits_for or {}
    if waits.get("version"):
        return f"until version {waits['version']} of the bot runs"
    if waits.get("screen"):
        return f"until the screen {waits['screen']} is good again"
    return "until a newer version of the bot runs"


def number(n: int) -> str:
    """A number with its thousands apart."""
    return f"{n:,}"


def _refuses(code: str) -> bool:
    fault = fault_list.known(code)
    return fault is not None and issubclass(fault, Refused)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
