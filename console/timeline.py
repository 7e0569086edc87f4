"""One timeline over people, bots, systems and notices: a case's events as sentences, newest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from console import words
from records.people import Role
from records.trail import Event

_ICONS = {"person": "user", "bot": "robot", "baton": "route", "notice": "mail", "outside": "message"}
_OUTSIDE = {"customer": "Customer", "depot": "Depot", "carrier": "Carrier"}
"""Who answers from outside: an event's actor, and what they are called."""
_TONES = {
    "item.done": "good",
    "item.adopted": "good",
    "case.closed": "good",
    "notice.sent": "good",
    "item.unknown": "doubt",
    "attempt.unknown": "doubt",
    "notice.unknown": "doubt",
    "item.refused": "bad",
    "item.broken": "bad",
    "attempt.refused": "bad",
    "attempt.broken": "bad",
    "notice.refused": "bad",
    "notice.undelivered": "bad",
    "question.unknown": "doubt",
    "question.refused": "bad",
    "question.undelivered": "bad",
    "customer.replied": "note",
    "handoff.answered": "note",
    "item.lost": "warn",
    "item.with_person": "warn",
    "item.differs": "warn",
    "order.changed_meanwhile": "warn",
    "order.correction_asked": "warn",
    "submission.proposed": "warn",
}
DETAILS = ("attempt.", "item.created", "item.settled", "item.again", "item.not_yet", "case.started")
"""Events that are folded away until somebody wants every step."""


@dataclass(frozen=True)
class Entry:
    """One line: who (a person, a bot, Baton or a notice), what as a sentence, when; `detail` lines are
    folded away; `mail` is the id of the mail that it came by."""

    id: int
    at: datetime
    name: str
    who: str
    kind: str
    icon: str
    tone: str
    sentence: str
    system: str
    detail: bool
    mail: str


def entries(events: Iterable[Event], names: Mapping[str, str]) -> list[Entry]:
    """The events, newest first; `names` gives people's names by e-mail address."""
    return [_entry(event, names) for event in events][::-1]


def _entry(event: Event, names: Mapping[str, str]) -> Entry:
    kind = _kind(event)
    return Entry(
        id=event.id or 0,
        at=event.at,
        name=event.name,
        who=_who(event, kind, names),
        kind=kind,
        icon=_ICONS[kind],
        tone=_TONES.get(event.name, ""),
        sentence=words.event(event.name, event.system, event.data),
        system=words.system(event.system) if event.system else "",
        detail=event.name.startswith(DETAILS),
        mail=str(event.data.get("mail", "")),
    )


def _kind(event: Event) -> str:
    if "@" in event.actor or event.actor in {role.value for role in Role}:
        return "person"
    if event.actor in _OUTSIDE:
        return "outside"
    if event.name.startswith(("notice.", "mail.")):
        return "notice"
    if event.name.startswith("attempt.") or event.name in ("order.read", "item.done", "item.adopted"):
        return "bot"
    return "baton"


def _who(event: Event, kind: str, names: Mapping[str, str]) -> str:
    if kind == "person":
        return names.get(event.actor, event.actor)
    if kind == "outside":
        return _OUTSIDE[event.actor]
    return {"notice": "Mail", "bot": "Bot", "baton": "Baton"}[kind]
