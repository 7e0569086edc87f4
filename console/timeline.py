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
    "handoff.question_expired": "warn",
    "handoff.returned": "warn",
    "handoff.came_back": "note",
    "handoff.replied": "note",
    "handoff.escalated": "warn",
    "handoff.idle_released": "warn",
    "handoff.lost": "warn",
    "handoff.completed": "good",
    "return.answered": "note",
    "return.missed": "warn",
    "clock.at_risk": "warn",
    "clock.breached": "bad",
    "item.lost": "warn",
    "item.with_person": "warn",
    "item.differs": "warn",
    "order.changed_meanwhile": "warn",
    "order.correction_asked": "warn",
    "submission.proposed": "warn",
}
_ASIDE = "handoff.comes_back"
_OWN_ICONS = {
    "handoff.asked": "help",
    "handoff.question_expired": "hourglass",
    _ASIDE: "clock-pause",
    "handoff.came_back": "clock",
    "handoff.taken_up": "clock",
    "handoff.returned": "arrow-back-up",
    "handoff.released": "arrow-back-up",
    "handoff.idle_released": "user-off",
    "handoff.transferred": "arrow-right",
    "handoff.assigned": "user-check",
    "handoff.escalated": "bell",
    "problem.tied": "link",
    "problem.untied": "link",
    "clock.paused": "clock-pause",
    "clock.at_risk": "clock-exclamation",
    "clock.breached": "alert-triangle",
}
DETAILS = (
    "attempt.",
    "item.created",
    "item.settled",
    "item.again",
    "item.not_yet",
    "case.started",
    "clock.started",
    "clock.resumed",
    "clock.met",
    "clock.stopped",
)
"""Events that are folded away until somebody wants every step."""


@dataclass(frozen=True)
class Entry:
    """One line: who (a person, a bot, Baton or a notice), what as a sentence, when; `detail` lines are
    folded away; `mail` is the id of the mail that it came by, `full` what was said where the sentence shortens it,
    `files` what came with it, `until` the moment that the sentence ends with."""

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
    full: str = ""
    files: tuple[tuple[str, str], ...] = ()
    until: datetime | None = None


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
        icon=_OWN_ICONS.get(event.name, _ICONS[kind]),
        tone=_TONES.get(event.name, ""),
        sentence=words.event(event.name, event.system, event.data),
        system=words.system(event.system) if event.system else "",
        detail=event.name.startswith(DETAILS),
        mail=str(event.data.get("mail", "")),
        full=_full(event),
        files=tuple((str(file["id"]), str(file["name"])) for file in event.data.get("attachments", ())),
        until=datetime.fromisoformat(event.data["at"]) if event.name == _ASIDE and event.data.get("at") else None,
    )


def _full(event: Event) -> str:
    said = str(event.data.get("text", "") or event.data.get("answer", ""))
    return said if words.shortened(said, words.LINE) != said else ""


def _kind(event: Event) -> str:
    if "@" in event.actor or event.actor in {role.value for role in Role}:
        return "person"
    if event.actor in _OUTSIDE:
        return "outside"
    if event.name.startswith(("notice.", "question.", "mail.")):
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
