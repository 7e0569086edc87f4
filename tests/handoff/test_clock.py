"""The clock of a handoff: what it says on days that people know, with numbers reckoned by hand."""

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from core.calendar import Calendar
from handoff.clock import (
    Clock,
    ClockError,
    ClockKind,
    ClockState,
    Target,
    Ticked,
    after,
    fell_due,
    next_moment,
    rebuild,
)

OFFICE = Calendar.model_validate(
    {
        "name": "office",
        "time_zone": "Europe/Berlin",
        "hours": ["Mon-Fri 08:00-12:00", "Mon-Fri 13:00-17:00"],
        "holidays": ["2026-12-25"],
    }
)


def berlin(text: str) -> datetime:
    """A moment as Berlin wrote it in winter."""
    return datetime.fromisoformat(f"{text}+01:00")


def tick(what: str, at: str, **more: object) -> Ticked:
    """One tick at a time of Berlin's winter."""
    return Ticked.model_validate({"what": what, "at": berlin(at), **more})


def target(working: timedelta = timedelta(hours=4), **more: object) -> Target:
    """Four hours of the office, unless said otherwise."""
    given = {"kind": ClockKind.RESOLUTION, "working": working, "calendar": OFFICE, "policy": "p", "version": "1"}
    return Target.model_validate({**given, **more})


def started(at: str, working: timedelta = timedelta(hours=4)) -> Clock:
    """A clock that has just been started."""
    return after(None, tick("started", at, target=target(working)))


def test_working_time_passes_in_opening_hours_alone() -> None:
    """Four hours from a Thursday afternoon run through lunch, the night, a holiday and a weekend to Monday noon."""
    clock = started("2026-12-24 16:00")

    assert clock.due_at() == berlin("2026-12-28 11:00")
    assert clock.risk_due_at() == berlin("2026-12-28 10:00")
    assert clock.left_at(berlin("2026-12-26 10:00")) == timedelta(hours=3)


def test_a_pause_moves_the_due_moment_by_working_time() -> None:
    """Two hours of waiting for the customer, one of them over lunch, cost one; while it is paused nothing is due."""
    paused = after(
        started("2026-11-23 09:00"), tick("paused", "2026-11-23 11:00", reason="asked the customer", by="uma")
    )
    resumed = after(paused, tick("resumed", "2026-11-23 13:00"))

    assert (paused.state, paused.pause_reason, paused.due_at()) == (ClockState.PAUSED, "asked the customer", None)
    assert paused.left_at(berlin("2026-12-01 10:00")) == timedelta(hours=2)
    assert (resumed.state, resumed.pause_reason) == (ClockState.RUNNING, "")
    assert resumed.due_at() == berlin("2026-11-23 15:00")


def test_who_slept_tells_when_it_fell_due() -> None:
    """A machine that wakes up on Wednesday says that Monday's risk and breach were on Monday, and says it once."""
    clock = started("2026-11-23 08:00")

    ticks = fell_due(clock, berlin("2026-11-25 10:00"))
    told = rebuild([tick("started", "2026-11-23 08:00", target=clock.target), *ticks])

    assert [(ticked.what, ticked.at) for ticked in ticks] == [
        ("at_risk", berlin("2026-11-23 11:00")),
        ("breached", berlin("2026-11-23 12:00")),
    ]
    assert (told.state, told.left_at(berlin("2026-11-23 14:00"))) == (ClockState.BREACHED, timedelta(hours=-1))
    assert (fell_due(told, berlin("2026-11-26 10:00")), next_moment(told)) == ((), None)


def test_the_next_moment_is_the_one_at_which_something_falls_due() -> None:
    """A timer set to it never wakes up for nothing, and misses nothing: first the risk, then the breach."""
    clock = started("2026-11-23 08:00")
    first = next_moment(clock)
    assert first is not None

    at_risk = after(clock, *fell_due(clock, first))

    assert fell_due(clock, first - timedelta(seconds=1)) == ()
    assert (at_risk.state, next_moment(at_risk)) == (ClockState.AT_RISK, berlin("2026-11-23 12:00"))


def test_a_breach_that_was_noted_late_was_when_it_was() -> None:
    """Whoever writes the breach down at two o'clock writes down that of noon."""
    clock = after(started("2026-11-23 08:00"), tick("breached", "2026-11-23 14:00"))

    assert clock.breached_at == berlin("2026-11-23 12:00")


@pytest.mark.parametrize(("at", "outcome"), [("2026-11-23 11:59", "met"), ("2026-11-23 12:00", "late")])
def test_in_time_is_before_the_time_is_used_up(at: str, outcome: str) -> None:
    """Met a minute before noon is in time and at noon it is late, whether or not anybody noted the breach."""
    clock = started("2026-11-23 08:00")
    noted = clock
    for ticked in fell_due(clock, berlin(at)):
        noted = after(noted, ticked)

    met = after(clock, tick("met", at))

    assert (met.outcome, met.state, met.ended_at) == (outcome, ClockState(outcome), berlin(at))
    assert after(noted, tick("met", at)) == met


def test_a_target_that_fills_the_day_is_used_up_when_the_day_closes() -> None:
    """Four hours from one o'clock are used up at five: met in the evening is late, by no working time at all."""
    clock = after(started("2026-11-23 13:00"), tick("met", "2026-11-23 20:00"))

    assert (clock.outcome, clock.breached_at, clock.spent) == ("late", berlin("2026-11-23 17:00"), timedelta(hours=4))


def test_a_breach_outlasts_a_pause() -> None:
    """Pausing a breached clock does not make it look well, and it may go on and end late."""
    late = [
        tick("started", "2026-11-23 08:00", target=target()),
        tick("breached", "2026-11-23 12:00"),
        tick("paused", "2026-11-23 14:00", reason="parts ordered"),
    ]
    ended = [*late, tick("resumed", "2026-11-24 08:00"), tick("met", "2026-11-24 09:00")]

    assert rebuild(late).state == ClockState.BREACHED
    assert (rebuild(ended).outcome, rebuild(ended).spent) == ("late", timedelta(hours=6))


def test_a_stopped_clock_is_neither_in_time_nor_late() -> None:
    """A handoff that was withdrawn ends its clock without a verdict."""
    clock = after(started("2026-11-23 08:00"), tick("stopped", "2026-11-23 09:00", reason="delivered meanwhile"))

    assert (clock.state, clock.due_at(), clock.spent) == (ClockState.STOPPED, None, timedelta(hours=1))


def test_a_watch_that_is_set_back_does_not_turn_a_clock_back() -> None:
    """F55: a pause that seems to come before the start, by a machine an hour behind, comes at the start."""
    clock = after(started("2026-11-23 09:00"), tick("paused", "2026-11-23 08:30", reason="asked the customer"))

    assert (clock.spent, clock.paused_at) == (timedelta(), berlin("2026-11-23 09:00"))


PAUSE = {"reason": "asked the customer"}


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ([], "this one is empty"),
        ([("paused", "10:00", PAUSE)], "has not started"),
        ([("started", "08:00", {"target": target()})] * 2, "it starts once"),
        ([("started", "08:00", {"target": target()}), ("resumed", "09:00", {})], "is running"),
        ([("started", "08:00", {"target": target()}), ("breached", "11:00", {})], "falls due at 2026-11-23T11:00"),
        ([("started", "08:00", {"target": target()}), ("at_risk", "12:00", {}), ("at_risk", "12:00", {})], "once"),
        ([("started", "08:00", {"target": target()}), ("breached", "12:00", {}), ("breached", "12:00", {})], "once"),
        ([("started", "08:00", {"target": target()}), *[("paused", "09:00", PAUSE)] * 2], "asked the customer"),
        ([("started", "08:00", {"target": target()}), ("paused", "09:00", PAUSE), ("breached", "14:00", {})], "paused"),
        ([("started", "08:00", {"target": target()}), ("met", "09:00", {}), ("paused", "10:00", PAUSE)], "ended at"),
    ],
)
def test_what_cannot_follow_is_refused_in_a_sentence(
    log: list[tuple[str, str, dict[str, object]]], sentence: str
) -> None:
    """No log can be read two ways: a step that does not fit says what the clock was doing."""
    with pytest.raises(ClockError, match=sentence):
        rebuild(tick(what, f"2026-11-23 {at}", **more) for what, at, more in log)


@pytest.mark.parametrize(
    "given",
    [
        {"what": "paused", "at": "2026-11-23T09:00Z"},
        {"what": "paused", "at": "2026-11-23T09:00Z", "reason": " "},
        {"what": "started", "at": "2026-11-23T09:00Z"},
        {"what": "resumed", "at": "2026-11-23T09:00Z", "target": target()},
        {"what": "resumed", "at": "2026-11-23T09:00"},
    ],
)
def test_a_tick_that_says_too_little_is_refused(given: dict[str, object]) -> None:
    """A pause has a reason, a start its target, and every moment a time zone."""
    with pytest.raises(ValidationError):
        Ticked.model_validate(given)


def test_a_clock_goes_by_the_target_it_started_with() -> None:
    """The start keeps calendar, policy and version whole, and comes back out of JSON as it went in."""
    start = tick("started", "2026-11-23 08:00", target=target())

    kept = Ticked.model_validate_json(start.model_dump_json())

    assert kept == start
    assert kept.target is not None
    assert (kept.target.policy, kept.target.version, kept.target.calendar) == ("p", "1", OFFICE)
    assert start.model_dump(mode="json")["target"]["calendar"]["hours"] == [
        "Mon-Fri 08:00-12:00",
        "Mon-Fri 13:00-17:00",
    ]
