"""The ladder: who is told that a clock is at risk or breached, when, how often, and what ends it."""

from datetime import UTC, datetime, timedelta

from handoff.clock import Clock, ClockKind, Target, Ticked, after, fell_due
from handoff.escalation import Told, calls_due, next_call_at
from handoff.policy import EscalationStep

LADDER = tuple(
    EscalationStep.model_validate(step)
    for step in (
        {"past": "at_risk", "tells": "holder"},
        {"past": "breached", "tells": "lead", "every": "30m", "at_most": 3},
        {"past": "breached", "tells": "it", "after": "1h", "clocks": ["resolution"]},
    )
)


def at(clock: str) -> datetime:
    """A time of the day on which all this happens."""
    return datetime.fromisoformat(f"2026-11-23T{clock}Z").astimezone(UTC)


def seen(now: str, kind: ClockKind = ClockKind.RESOLUTION) -> Clock:
    """A clock of four hours from eight o'clock, with what fell due by `now`: at risk at 11:00, breached at 12:00."""
    target = Target(kind=kind, working=timedelta(hours=4), policy="p", version="1")
    clock = after(None, Ticked(what="started", at=at("08:00"), target=target))
    for ticked in fell_due(clock, at(now)):
        clock = after(clock, ticked)
    return clock


def calls(
    now: str, *told: Told, acknowledged: str = "", kind: ClockKind = ClockKind.RESOLUTION
) -> list[tuple[str, int]]:
    """Who is to be told at `now`, and the how-manieth time."""
    answered = at(acknowledged) if acknowledged else None
    return [(call.tells, call.count) for call in calls_due(LADDER, seen(now, kind), at(now), told, answered)]


def test_each_step_is_told_when_its_moment_comes() -> None:
    """Nobody before the risk, the holder at it, the lead at the breach, and IT an hour past it."""
    lead = Told(step=1, at=at("12:00"))
    holder = Told(step=0, at=at("11:00"))

    assert calls("10:59") == []
    assert calls("11:00") == [("holder", 1)]
    assert calls("12:00", holder) == [("lead", 1)]
    assert calls("13:00", holder, lead) == [("lead", 2), ("it", 1)]


def test_a_step_is_told_again_until_its_number_is_used_up() -> None:
    """The lead hears every half hour, counted from the last telling, three times and no more."""
    holder, it = Told(step=0, at=at("11:00")), Told(step=2, at=at("13:00"))
    first, second, third = (Told(step=1, at=at(clock)) for clock in ("12:10", "12:40", "13:10"))

    assert next_call_at(LADDER, seen("12:10"), [holder, it, first], None) == at("12:40")
    assert calls("13:10", holder, it, first, second) == [("lead", 3)]
    assert next_call_at(LADDER, seen("23:00"), [holder, it, first, second, third], None) is None


def test_who_slept_tells_each_step_once() -> None:
    """After a night without power the lead gets one message, not one for each half hour; it says when it was due."""
    found = calls_due(LADDER, seen("23:00"), at("23:00"), (), None)

    assert [(call.tells, call.count, call.at) for call in found] == [
        ("holder", 1, at("11:00")),
        ("lead", 1, at("12:00")),
        ("it", 1, at("13:00")),
    ]


def test_an_acknowledgement_ends_what_it_answers() -> None:
    """Who has seen the breach is not told again; who had seen only the risk still hears of the breach."""
    lead = Told(step=1, at=at("12:00"))

    assert calls("13:00", lead, acknowledged="12:05") == []
    assert calls("12:00", acknowledged="11:20") == [("lead", 1)]


def test_a_step_may_be_for_one_clock_alone() -> None:
    """IT hears of a late resolution, and not of a late acceptance."""
    told = [Told(step=0, at=at("11:00")), Told(step=1, at=at("13:00"))]

    assert calls("13:00", *told) == [("it", 1)]
    assert calls("13:00", *told, kind=ClockKind.ACCEPTANCE) == []


def test_a_clock_that_stands_still_tells_nobody() -> None:
    """While it is paused, and once it is met, the ladder is silent; when it goes on, so does the ladder."""
    paused = after(seen("12:00"), Ticked(what="paused", at=at("12:05"), reason="asked the customer"))
    resumed = after(paused, Ticked(what="resumed", at=at("15:00")))
    met = after(seen("12:00"), Ticked(what="met", at=at("12:05")))

    assert [len(calls_due(LADDER, clock, at("15:00"), (), None)) for clock in (paused, resumed, met)] == [0, 3, 0]
    assert next_call_at(LADDER, paused, (), None) is None
