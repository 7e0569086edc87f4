"""The journey strip: the stages of a case, where it is, how long it was on each, and where it waited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.case import STAGE_TITLES, Stage
from handoff import booking, bot_to_agent
from records.case import Case
from records.trail import Event

_BEGINS: dict[str, Stage] = {
    "case.received": Stage.RECEIVED,
    "case.started": Stage.READING,
    "order.correction_asked": Stage.CORRECTION,
    "order.corrected": Stage.READING,
    "cause.decided": Stage.MARKING,
    "handoff.offered": Stage.WITH_SERVICE,
    "handoff.completed": Stage.RESOLVING,
    "notice.sent": Stage.TELLING,
    "notice.unknown": Stage.TELLING,
    "case.closed": Stage.CLOSED,
}
_ITEM_BEGINS = {
    "open_ticket": Stage.TICKETING,
    "mark_failed_delivery": Stage.MARKING,
    "book": Stage.BOOKING,
    "move": Stage.BOOKING,
    "cancel_booking": Stage.BOOKING,
}
_BOOKING_BEGINS = {
    "case.started": Stage.FINDING,
    "slot.chosen": Stage.FINDING,
    "handoff.offered": Stage.WITH_DISPATCH,
    "handoff.completed": Stage.BOOKING,
    "booking.stands": Stage.BOOKED,
}
"""What begins a stage of a booking, where that is another than for a failed delivery."""
_TROUBLE = {"item.with_person", "item.refused", "item.broken", "item.unknown", "order.correction_asked"}
_ORDER = (
    Stage.RECEIVED, Stage.READING, Stage.CORRECTION, Stage.MARKING, Stage.TICKETING, Stage.WITH_SERVICE,
    Stage.RESOLVING, Stage.TELLING, Stage.CLOSED,
)  # fmt: skip
_BOOKING_ORDER = (
    Stage.RECEIVED, Stage.FINDING, Stage.WITH_DISPATCH, Stage.BOOKING, Stage.TELLING, Stage.BOOKED, Stage.CLOSED,
)  # fmt: skip
_SESSION_ORDER = (Stage.RECEIVED, Stage.CORRECTION, Stage.WITH_SERVICE, Stage.CLOSED)
_SOMETIMES = (Stage.CORRECTION, Stage.WITH_DISPATCH)
"""Stages that are shown once a case was there."""
LONG = timedelta(minutes=2)
"""A stage that took longer counts as waiting."""


@dataclass(frozen=True)
class Step:
    """A stage on the strip; `place` is past, here, ahead or skipped."""

    stage: Stage
    title: str
    place: str
    since: datetime | None = None
    lasted: timedelta | None = None
    waited: str = ""


def steps(case: Case, events: Sequence[Event], now: datetime) -> list[Step]:
    """Every stage in order, from the case's events (oldest first)."""
    spans, troubled = _spans(case, events, now)
    shown = [stage for stage in _order(case) if stage in spans or stage is case.stage or stage not in _SOMETIMES]
    return [_step(case, stage, spans, troubled) for stage in shown]


def _order(case: Case) -> tuple[Stage, ...]:
    return {booking.JOURNEY: _BOOKING_ORDER, bot_to_agent.JOURNEY: _SESSION_ORDER}.get(case.journey, _ORDER)


def _step(case: Case, stage: Stage, spans: dict[Stage, tuple[datetime, timedelta]], troubled: dict[Stage, str]) -> Step:
    title = STAGE_TITLES[stage]
    if stage not in spans:
        order = _order(case)
        if stage is case.stage:
            return Step(stage, title, "here", since=case.wait_since)
        over = case.closed_at is not None or order.index(stage) < order.index(case.stage)
        return Step(stage, title, "skipped" if over else "ahead")
    since, lasted = spans[stage]
    place = "here" if stage is case.stage and case.closed_at is None else "past"
    waited = troubled.get(stage, "") or ("waited here" if lasted >= LONG and place == "past" else "")
    return Step(stage, title, place, since=since, lasted=lasted, waited=waited)


def _spans(
    case: Case, events: Iterable[Event], now: datetime
) -> tuple[dict[Stage, tuple[datetime, timedelta]], dict[Stage, str]]:
    """When each stage was first entered, how long the case was on it altogether, and what went wrong there."""
    spans: dict[Stage, tuple[datetime, timedelta]] = {}
    troubled: dict[Stage, str] = {}
    at: Stage | None = None
    entered = case.opened_at
    begins = {**_BEGINS, **_BOOKING_BEGINS} if case.journey == booking.JOURNEY else _BEGINS
    for event in events:
        keyless = event.data.get("resolution") == "close"  # closed without an entry: nothing is keyed
        aside = keyless or event.data.get("entry")
        stage = None if aside else begins.get(event.name) or _item_stage(event, at)
        if stage is not None and stage is not at:
            _close(spans, at, entered, event.at)
            at, entered = stage, event.at
            spans.setdefault(stage, (event.at, timedelta()))
        if event.name in _TROUBLE and at is not None:
            troubled[at] = "trouble here"
    _close(spans, at, entered, case.closed_at or now)
    return spans, troubled


def _item_stage(event: Event, at: Stage | None) -> Stage | None:
    if event.name != "item.created" or at in (Stage.WITH_SERVICE, Stage.RESOLVING, Stage.TELLING, Stage.CLOSED):
        return None
    return _ITEM_BEGINS.get(str(event.data.get("operation")))


def _close(
    spans: dict[Stage, tuple[datetime, timedelta]], stage: Stage | None, entered: datetime, left: datetime
) -> None:
    if stage is not None:
        since, lasted = spans.get(stage, (entered, timedelta()))
        spans[stage] = (since, lasted + (left - entered))
