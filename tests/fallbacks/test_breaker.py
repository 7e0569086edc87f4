"""The breaker of a way: when it opens, how it is tried again, and that no clock can make it do either."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.faults import SystemDown
from fallbacks import breaker
from fallbacks.breaker import PROBES, Breaker, Heard, Patience, Source
from systems.way import WayState

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FRESH = Breaker(since=NOON)
PATIENCE = Patience()
GOOD_PROBE = Heard(ok=True, source=Source.PROBE)
BAD_PROBE = Heard(ok=False, source=Source.PROBE, code=SystemDown.code)
ENTERED = Heard(ok=True, source=Source.ENTRY, line=True)
BROKE = Heard(ok=False, source=Source.ENTRY, code=SystemDown.code)

YEARS = 10 * 365 * 86400.0
ticking = st.floats(0, 120)
jumping = st.one_of(ticking, st.floats(-YEARS, YEARS))
anything = st.builds(
    Heard,
    ok=st.booleans(),
    source=st.sampled_from(Source),
    code=st.just(SystemDown.code),
    line=st.booleans(),
)


def heard(known: Breaker, *told: tuple[float, Heard], patience: Patience = PATIENCE) -> Breaker:
    """How it stands when these things were heard, each so many seconds after noon."""
    for seconds, each in told:
        known = breaker.hear(known, each, patience, NOON + timedelta(seconds=seconds))
    return known


def down(patience: Patience = PATIENCE) -> Breaker:
    """A way that went down at noon."""
    return heard(FRESH, *[(0, BROKE)] * patience.open_after, patience=patience)


def up_again(known: Breaker, at: float) -> Breaker:
    """The same way after a good probe and an entry, as often as is asked for."""
    for wanted, told in ((WayState.TRYING, GOOD_PROBE), (WayState.UP, ENTERED)):
        while known.state is not wanted:
            known = heard(known, (at, told))
    return known


@pytest.mark.failure_mode("F23")
@pytest.mark.parametrize("open_after", [3, 5])
def test_so_many_faults_in_a_row_and_no_fewer_open_it(open_after: int) -> None:
    """F23: the way is down at the last of these faults; one good answer in between begins the count anew."""
    patience = Patience(open_after=open_after)
    nearly = heard(FRESH, *[(0, BROKE)] * (open_after - 1), patience=patience)

    opened = heard(nearly, (1, BROKE), patience=patience)
    reset = heard(nearly, (1, ENTERED), (2, BROKE), patience=patience)

    assert (nearly.state, opened.state, reset.state) == (WayState.UP, WayState.DOWN, WayState.UP)
    assert opened.first_failure_at == NOON


def test_a_good_probe_makes_good_for_probes_but_not_for_work_that_failed() -> None:
    """A front page that answers says nothing of entries that fail behind it; a blip of the probes is over with it."""
    blips = heard(FRESH, *[(second, told) for second in range(9) for told in (BAD_PROBE, GOOD_PROBE)])
    behind = heard(FRESH, *[(second, told) for second in range(3) for told in (BROKE, GOOD_PROBE)][:-1])

    assert (blips.state, blips.failures, behind.state) == (WayState.UP, 0, WayState.DOWN)


@pytest.mark.failure_mode("F24")
def test_nothing_but_faults_for_a_minute_opens_it_before_their_number_does() -> None:
    """F24: a patient way whose every answer takes half a minute is down after a minute of that."""
    patience = Patience(open_after=5)

    slow = heard(FRESH, (0, BROKE), (31, BROKE), patience=patience)
    slower = heard(slow, (62, BROKE), patience=patience)

    assert (slow.state, slower.state) == (WayState.UP, WayState.DOWN)


def test_only_a_probe_leads_from_down_to_trying_and_an_entry_from_there_to_up() -> None:
    """An entry that was on its way when it went down proves nothing; where entries wait, neither does a good probe."""
    late = heard(down(), (5, ENTERED))
    trying = heard(late, (60, GOOD_PROBE))
    still = heard(trying, (65, GOOD_PROBE.model_copy(update={"line": True})))
    up = heard(still, (66, ENTERED))

    assert [known.state for known in (late, trying, still, up)] == [
        WayState.DOWN,
        WayState.TRYING,
        WayState.TRYING,
        WayState.UP,
    ]


def test_where_nobody_waits_a_further_good_probe_is_enough() -> None:
    """No entry stands behind it, so none can prove it: the second probe in a row does."""
    assert heard(down(), (60, GOOD_PROBE), (65, GOOD_PROBE)).state is WayState.UP


def test_probes_come_less_and_less_often_up_to_the_longest_pause() -> None:
    """Sixty seconds, then twice as long each time, never above fifteen minutes."""
    known, pauses = down(), []
    for _ in range(6):
        assert known.next_probe_at is not None
        pauses.append((known.next_probe_at - NOON).total_seconds())
        known = breaker.hear(known, BAD_PROBE, PATIENCE, NOON)

    assert pauses == [60, 120, 240, 480, 900, 900]


def test_a_way_that_keeps_going_down_is_asked_for_more_proof_and_no_more_often() -> None:
    """Down three times in ten minutes: three good probes and three entries, and the pauses do not begin anew."""
    known = down()
    for again in (1, 2):
        known = heard(up_again(known, again * 60), *[(again * 60 + 1, BROKE)] * 3)
    once = heard(known, (200, GOOD_PROBE))
    tried = heard(once, (201, GOOD_PROBE), (202, GOOD_PROBE))
    entered = heard(tried, (203, ENTERED), (204, ENTERED))

    assert known.probe_every > PATIENCE.probe_first
    assert (once.state, tried.state, entered.state) == (WayState.DOWN, WayState.TRYING, WayState.TRYING)
    assert heard(entered, (205, ENTERED)).state is WayState.UP


def test_a_way_that_is_out_of_use_stays_so_whatever_is_heard_until_somebody_resumes_it() -> None:
    """No probe is due and no answer counts; resuming it makes a probe due at once, and then one entry goes first."""
    out = heard(breaker.isolated(FRESH, NOON), (1, GOOD_PROBE), (2, ENTERED))
    back = breaker.resumed(out, PATIENCE, NOON)

    assert (out.state, breaker.due(out, PATIENCE, NOON + timedelta(days=1))) == (WayState.ISOLATED, False)
    assert (back.state, breaker.due(back, PATIENCE, NOON)) == (WayState.DOWN, True)


@pytest.mark.failure_mode("F55")
@given(told=st.lists(st.tuples(jumping, anything), max_size=30), open_after=st.integers(3, 5))
def test_no_clock_opens_or_closes_it(told: list[tuple[float, Heard]], open_after: int) -> None:
    """F55: wherever the clock jumps, three faults in a row open it, a good probe has it tried, good work closes."""
    patience, known, now, in_a_row = Patience(open_after=open_after), FRESH, NOON, 0
    for passed, each in told:
        now += timedelta(seconds=passed)
        in_a_row = 0 if each.ok and each.source not in PROBES else in_a_row + (not each.ok)
        after = breaker.hear(known, each, patience, now)
        arrow = known.state, after.state
        if arrow == (WayState.UP, WayState.DOWN):
            assert (each.ok, in_a_row >= 3) == (False, True)
        elif arrow == (WayState.DOWN, WayState.TRYING):
            assert (each.ok, each.source in PROBES) == (True, True)
        elif arrow == (WayState.TRYING, WayState.UP):
            assert each.ok
        else:
            assert arrow[0] is arrow[1] or (arrow == (WayState.TRYING, WayState.DOWN) and not each.ok)
        known = after


@pytest.mark.failure_mode("F55")
@given(told=st.lists(st.tuples(jumping, anything), max_size=20), jump=jumping, good=st.booleans())
def test_a_clock_that_jumps_costs_one_probe_at_most(told: list[tuple[float, Heard]], jump: float, good: bool) -> None:
    """F55: whatever was heard before and wherever the clock went, after one probe none is due for a while."""
    known, now = FRESH, NOON
    for passed, each in told:
        now += timedelta(seconds=passed)
        known = breaker.hear(known, each, PATIENCE, now)
    now += timedelta(seconds=jump)

    known = breaker.hear(known, GOOD_PROBE if good else BAD_PROBE, PATIENCE, now)

    assert not breaker.due(known, PATIENCE, now + timedelta(seconds=PATIENCE.worried_seconds - 1))
    assert breaker.due(known, PATIENCE, now + timedelta(seconds=PATIENCE.probe_longest))


@given(told=st.lists(st.tuples(ticking, anything), max_size=40))
def test_a_pause_is_never_longer_than_the_longest(told: list[tuple[float, Heard]]) -> None:
    """Whatever was heard, the next probe is set, and within the longest pause of now."""
    known, now = FRESH, NOON
    for passed, each in told:
        now += timedelta(seconds=passed)
        known = breaker.hear(known, each, PATIENCE, now)
        assert known.next_probe_at is not None
        assert known.next_probe_at - now <= timedelta(seconds=PATIENCE.probe_longest)


def test_a_good_sign_in_makes_good_for_sign_ins_but_not_for_work_and_a_probe_for_neither() -> None:
    """Work fails further inside than a sign-in comes, and that further than a probe: only what is as far counts."""
    signed_in, nobody_in = GOOD_PROBE.model_copy(update={"source": Source.SIGN_IN}), no_sign_in()
    work = heard(FRESH, *[(second, told) for second in range(3) for told in (BROKE, signed_in)][:-1])
    looks = heard(FRESH, *[(second, told) for second in range(3) for told in (nobody_in, GOOD_PROBE)][:-1])
    mended = heard(FRESH, (0, nobody_in), (1, nobody_in), (2, signed_in), (3, nobody_in))

    assert [one.state for one in (work, looks, mended)] == [WayState.DOWN, WayState.DOWN, WayState.UP]
    assert (mended.failures, mended.signed, mended.worked) == (1, 1, 0)


def test_a_good_probe_that_a_sign_in_look_follows_leads_nowhere_by_itself() -> None:
    """A way that is down is tried once the look was good too; the probe before it has opened and closed nothing."""
    probed = heard(down(), (60, GOOD_PROBE.model_copy(update={"alone": False})))
    looked = heard(probed, (62, GOOD_PROBE.model_copy(update={"source": Source.SIGN_IN})))

    assert (probed.state, looked.state) == (WayState.DOWN, WayState.TRYING)


def no_sign_in() -> Heard:
    """A look that nobody got in by."""
    return BAD_PROBE.model_copy(update={"source": Source.SIGN_IN})
