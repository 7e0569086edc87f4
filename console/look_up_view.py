"""What can be looked up from a workbench, and what came of it: each answer with its moment and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from console import known_view, words
from console.known_view import Known
from handoff import lookups
from handoff.booking import HOURS
from handoff.lookups import LOOK_UPS, LookUp
from handoff.states import OPEN
from records import look_ups
from records.desk import AtDesk
from records.look_up import GOING, LookUpAsked, LookUpState
from records.stuck import BOT
from systems import fieldboard, orderdesk
from systems.registry import SYSTEMS

DAYS = 14
_MEANINGS: dict[str, Mapping[str, Mapping[str, str]]] = {
    "order": {"status": orderdesk.STATUS, "window": orderdesk.WINDOWS},
    "booking": {"slot": fieldboard.SLOTS, "status": {fieldboard.BOOKED: "stands"}},
}
"""What the codes of an answer mean, by look-up and field."""


@dataclass(frozen=True)
class Line:
    """One line of an answer: the label, what stands there, and what was known before where that differs."""

    label: str
    now: str
    was: str = ""


@dataclass(frozen=True)
class Looked:
    """One look-up as its workbench shows it; `trouble` is what is or was in the way, in words.

    `known_at`: the lines are what was last known, read then; the answer is still to come, or never came.
    """

    asked: LookUpAsked
    title: str
    system: str
    going: bool
    answered: bool
    trouble: str
    lines: list[Line]
    known_at: datetime | None = None
    held: bool = False


@dataclass(frozen=True)
class Card:
    """What can be looked up now, and what was: `day` is the first one to look around, `at` where it is asked for.

    `known` is said of what was passed along, where it is old or has changed since; `differs` are the lines that have.
    """

    offered: list[LookUp]
    looked: list[Looked]
    day: str
    at: str
    known: Known | None = None
    differs: Sequence[Line] = ()

    @property
    def going(self) -> bool:
        """Whether an answer is still to come."""
        return any(one.going for one in self.looked)


async def gather(session: AsyncSession, found: AtDesk, now: datetime) -> Card:
    """The card of this handoff; of one that has ended, only what was looked up."""
    order, today = found.packet.order, now.date()
    offered = lookups.declared(found.case.journey, order, today) if found.handoff.state in OPEN else []
    rows = await look_ups.newest(session, found.handoff.id)
    looked = [await _looked(session, row) for row in rows]
    known, differs = await _beside(session, offered, order, today)
    if known is not None and not known.held and (not differs or any(one.answered for one in looked)):
        known = None  # it is as it was passed along, or the look-up says what is not
    at = f"{found.path}/look-ups" if found.handoff.kind == BOT else f"/cases/{found.case.number}/look-ups"
    return Card(offered=offered, looked=looked, day=_day(order, today), at=at, known=known, differs=differs)


async def _beside(
    session: AsyncSession, offered: Sequence[LookUp], order: Mapping[str, Any], today: date
) -> tuple[Known | None, list[Line]]:
    """What is to be said of what was passed along, and the lines that are otherwise by now."""
    for look_up in offered:
        if look_up.compares:
            now = await known_view.beside(session, look_up, look_up.key(order, today, today))
            lines = _lines(look_up, now.fields, known(look_up, order)) if now is not None else []
            return now, [line for line in lines if line.was]
    return None, []


def known(look_up: LookUp, order: Mapping[str, Any]) -> dict[str, Any]:
    """What was passed along of the record that is looked up."""
    return {name: order[name] for name, _ in look_up.shows if name in order} if look_up.compares else {}


def _day(order: Mapping[str, Any], today: date) -> str:
    wished = [str(one["day"]) for one in order.get("windows", ())]
    return max(wished[0], str(today)) if wished else str(today)


async def _looked(session: AsyncSession, row: LookUpAsked) -> Looked:
    look_up = LOOK_UPS[row.name]
    answered = row.state is LookUpState.ANSWERED
    waits = row.state in (*GOING, LookUpState.GIVEN_UP)
    last = await known_view.of(session, look_up, row.key) if waits else None
    answer = row.answer if answered else last.fields if last is not None else None
    return Looked(
        asked=row,
        title=look_up.title,
        system=SYSTEMS[look_up.system].title,
        going=row.state in GOING,
        answered=answered,
        trouble=_trouble(row),
        lines=_lines(look_up, answer, row.before) if answer is not None else [],
        known_at=last.read_at if last is not None else None,
        held=last is not None and await known_view.held(session, look_up.system),
    )


def _trouble(row: LookUpAsked) -> str:
    if row.state is LookUpState.REFUSED:
        return "You may not look this up."
    return words.fault(row.code).rstrip(".") + "." if row.code else ""


def _lines(look_up: LookUp, answer: Mapping[str, Any], before: Mapping[str, Any]) -> list[Line]:
    if look_up.many:
        return _by_day(answer.get(look_up.many, ()))
    lines = []
    for name, label in look_up.shows:
        now = _said(look_up, name, answer.get(name))
        was = _said(look_up, name, before[name]) if name in before else now
        if now or was:
            lines.append(Line(label, now, was if was != now else ""))
    return lines


def _by_day(slots: Sequence[Mapping[str, Any]]) -> list[Line]:
    days: dict[str, dict[str, list[str]]] = {}
    for slot in slots:
        begins, ends = HOURS[str(slot["slot_code"])]
        hours = f"{begins:02}–{ends:02}"
        days.setdefault(str(slot["day"]), {}).setdefault(hours, []).append(str(slot["technician"]))
    lines = [
        Line(_weekday(day), " · ".join(f"{hours} {', '.join(who)}" for hours, who in times.items()))
        for day, times in sorted(days.items())
    ]
    return lines[:DAYS]


def _weekday(day: str) -> str:
    return f"{date.fromisoformat(day):%a %-d %b}"


def _said(look_up: LookUp, name: str, value: Any) -> str:
    text = ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value or "")
    return _MEANINGS.get(look_up.name, {}).get(name, {}).get(text, text)
