"""Ten thousand histories of clocks: kept online, rebuilt from their log, and reckoned on a strip of quarter hours."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.calendar import Calendar
from handoff.clock import Clock, ClockKind, Target, Ticked, after, fell_due, next_moment, rebuild
from tests.support.strip import BEGIN, Strip

HISTORIES = 10_000
HOUR = timedelta(hours=1)
MONTHS = timedelta(days=200)
CALENDARS = tuple(
    Calendar.model_validate({"name": f"{zone} {hours}", "time_zone": zone, "hours": hours, "holidays": holidays})
    for zone, hours, holidays in (
        ("UTC", [], []),
        ("Europe/Berlin", ["Mon-Fri 08:00-12:00", "Mon-Fri 13:00-17:00"], ["2026-04-03", "2026-12-25", "2028-02-29"]),
        ("Europe/Berlin", ["Mon-Sun 22:00-06:00"], ["2026-10-24", "2027-03-28"]),
        ("America/New_York", ["Mon-Fri 06:00-14:30", "Mon-Fri 14:00-22:00", "Sun 01:30-02:30"], ["2026-11-26"]),
        ("Australia/Lord_Howe", ["Mon-Sat 00:00-24:00"], ["2026-12-26"]),
        ("Asia/Kolkata", ["Mon-Sat 09:00-18:30"], ["2026-11-08", "2028-01-26"]),
    )
)
# Clock changes, year's ends and leap days lie in most of these.
STARTS = tuple(
    BEGIN + timedelta(days=day, seconds=second, microseconds=second)
    for day in (80, 85, 92, 270, 290, 296, 300, 352, 450, 655, 780, 786, 815)
    for second in (1, 30_000, 61_234, 86_399)
)
TARGETS = tuple(timedelta(minutes=minutes) for minutes in (1, 30, 240, 960, 2400, 4800, 9600, 14_400))
SHARES = (0.1, 0.5, 0.75, 1 / 3, 1.0)
UNITS = (
    timedelta(seconds=7, microseconds=3),
    timedelta(minutes=11),
    timedelta(minutes=97),
    timedelta(hours=9),
    timedelta(days=2),
)


class Keeper:
    """Who keeps a clock while things happen: wakes up at some moments, oversleeps others, writes the log."""

    def __init__(self, started: Ticked) -> None:
        self.log = [started]
        self.clock = after(None, started)
        self.now = started.at
        self.set_back = False

    def wake_up(self, now: datetime) -> None:
        """First of all what fell due meanwhile, as every keeper must."""
        self.set_back |= now < self.now
        self.now = now
        for ticked in fell_due(self.clock, now):
            self.keep(ticked)

    def keep(self, ticked: Ticked) -> None:
        """One more line of the log, and the clock after it."""
        self.log.append(ticked)
        self.clock = after(self.clock, ticked)


def test_ten_thousand_clocks_say_what_their_logs_say() -> None:
    """F55: over months of clock changes, holidays and leap days, with a machine's clock set back by an hour at times,
    the clock kept online is the one that its log as JSON rebuilds, and the one that a strip of quarter hours reckons.
    """
    seen = 0

    @settings(max_examples=HISTORIES, suppress_health_check=list(HealthCheck))
    @given(st.binary(min_size=44, max_size=44))
    def holds(drawn: bytes) -> None:
        nonlocal seen
        seen += 1
        keeper = lived(iter(drawn))
        assert rebuild(Ticked.model_validate_json(line.model_dump_json()) for line in keeper.log) == keeper.clock
        assert Clock.model_validate_json(keeper.clock.model_dump_json()) == keeper.clock
        compare_with_the_strip(keeper)
        if not keeper.set_back:
            compare_with_a_log_of_acts_alone(keeper)

    holds()

    assert seen >= HISTORIES


def lived(drawn: Iterator[int]) -> Keeper:
    """A history out of drawn bytes: two for each step, how long until it and what it is."""
    calendar, start, working, share = (next(drawn) for _ in range(4))
    target = Target(
        kind=ClockKind.RESOLUTION,
        working=TARGETS[working % len(TARGETS)],
        calendar=CALENDARS[calendar % len(CALENDARS)],
        at_risk=SHARES[share % len(SHARES)],
        policy="generated",
        version="1",
    )
    keeper = Keeper(Ticked(what="started", at=STARTS[start % len(STARTS)], target=target))
    for wait, act in zip(drawn, drawn, strict=False):
        keeper.wake_up(_moment(keeper, wait))
        _act(keeper, act)
        if keeper.clock.ended_at is not None or keeper.now - keeper.log[0].at > MONTHS:
            break
    return keeper


def _moment(keeper: Keeper, wait: int) -> datetime:
    """When the keeper wakes up: at the very moment that is due, or whenever; or his watch was set back."""
    if wait >= 252:
        return keeper.now - HOUR
    due = next_moment(keeper.clock)
    if wait >= 240 and due is not None:
        return max(due, keeper.now)
    return keeper.now + UNITS[wait % len(UNITS)] * (wait // len(UNITS) % 12)


def _act(keeper: Keeper, act: int) -> None:
    paused = keeper.clock.paused_at is not None
    if act < 90:
        keeper.keep(Ticked(what="resumed", at=keeper.now) if paused else _pause(keeper.now))
    elif act >= 248:
        keeper.keep(Ticked(what="stopped" if act == 255 else "met", at=keeper.now))


def _pause(now: datetime) -> Ticked:
    return Ticked(what="paused", at=now, reason="waits for the customer")


@cache
def strip_of(calendar: Calendar) -> Strip:
    """The slow reckoning of one calendar, made once."""
    return Strip(calendar)


def compare_with_the_strip(keeper: Keeper) -> None:
    """Time spent, the moments of risk and breach, and the outcome, reckoned from the log on the strip."""
    clock, target, strip = keeper.clock, keeper.clock.target, strip_of(keeper.clock.target.calendar)
    moments = [*accumulate((line.at for line in keeper.log), max)]
    looked = max(moments[-1], keeper.now)
    ran = running_times(keeper.log, moments, looked)
    risk, due = (used_up(strip, ran, working) for working in (target.working * target.at_risk, target.working))

    assert clock.spent_at(looked) == sum((strip.between(*times) for times in ran), timedelta())
    assert (clock.at_risk_at, clock.breached_at) == (risk, due)
    assert clock.outcome == {"met": "met" if due is None else "late", "stopped": "stopped"}.get(keeper.log[-1].what, "")


def running_times(log: list[Ticked], moments: list[datetime], looked: datetime) -> list[tuple[datetime, datetime]]:
    """From each start or resumption to the pause or end that follows, or to the last look."""
    begins = [at for line, at in zip(log, moments, strict=True) if line.what in {"started", "resumed"}]
    ends = [at for line, at in zip(log, moments, strict=True) if line.what in {"paused", "met", "stopped"}]
    return list(zip(begins, [*ends, looked], strict=False))


def used_up(strip: Strip, ran: list[tuple[datetime, datetime]], working: timedelta) -> datetime | None:
    """The first moment by which so much time was spent."""
    for begin, end in ran:
        worked = strip.between(begin, end)
        if worked >= working:
            return strip.after(begin, working)
        working -= worked
    return None


def compare_with_a_log_of_acts_alone(keeper: Keeper) -> None:
    """What fell due only writes down what the acts imply: without these lines the log tells of the same clock."""
    clock = rebuild(line for line in keeper.log if line.what not in {"at_risk", "breached"})
    for ticked in fell_due(clock, keeper.now):
        clock = after(clock, ticked)
    assert clock == keeper.clock
