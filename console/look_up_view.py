"""What can be looked up from a workbench, and what came of it: each answer with its moment and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from console import words
from handoff import lookups
from handoff.booking import HOURS
from handoff.lookups import LOOK_UPS, LookUp
from handoff.states import OPEN
from records import look_ups
from records.desk import AtDesk
from records.look_up import GOING, LookUpAsked, LookUpState
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
    """One look-up as its workbench shows it; `trouble` is what is or was in the way, in words."""

    asked: LookUpAsked
    title: str
    system: str
    going: bool
    answered: bool
    trouble: str
    lines: list[Line]


@dataclass(frozen=True)
class Card:
    """What can be looked up now, and what was: `day` is the first one to look around."""

    offered: list[LookUp]
    looked: list[Looked]
    day: str

    @property
    def going(self) -> bool:
        """Whether an answer is still to come."""
        return any(one.going for one in self.looked)


async def gather(session: AsyncSession, found: AtDesk, now: datetime) -> Card:
    """The card of this handoff; of one that has ended, only what was looked up."""
    order, today = found.packet.order, now.date()
    offered = lookups.declared(found.case.journey, order, today) if found.handoff.state in OPEN else []
    rows = await look_ups.newest(session, found.handoff.id)
    return Card(offered=offered, looked=[_looked(row) for row in rows], day=_day(order, today))


def known(look_up: LookUp, order: Mapping[str, Any]) -> dict[str, Any]:
    """What was passed along of the record that is looked up."""
    return {name: order[name] for name, _ in look_up.shows if name in order} if look_up.compares else {}


def _day(order: Mapping[str, Any], today: date) -> str:
    wished = [str(one["day"]) for one in order.get("windows", ())]
    return max(wished[0], str(today)) if wished else str(today)


def _looked(row: LookUpAsked) -> Looked:
    look_up = LOOK_UPS[row.name]
    answered = row.state is LookUpState.ANSWERED
    return Looked(
        asked=row,
        title=look_up.title,
        system=SYSTEMS[look_up.system].title,
        going=row.state in GOING,
        answered=answered,
        trouble=_trouble(row),
        lines=_lines(look_up, row) if answered else [],
    )


def _trouble(row: LookUpAsked) -> str:
    if row.state is LookUpState.REFUSED:
        return "You may not look this up."
    return words.fault(row.code).rstrip(".") + "." if row.code else ""


def _lines(look_up: LookUp, row: LookUpAsked) -> list[Line]:
    answer = row.answer or {}
    if look_up.many:
        return _by_day(answer.get(look_up.many, ()))
    lines = []
    for name, label in look_up.shows:
        now = _said(look_up, name, answer.get(name))
        was = _said(look_up, name, row.before[name]) if name in row.before else now
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
