"""What a sweep plans, how it judges, and how it goes on: without any process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from baton.sweep import cast, hygiene
from baton.sweep.cast import NotInTheCast, Target
from baton.sweep.judge import Accepted, Ledger, Verdict
from baton.sweep.plan import ACTIONS, BOT_POINTS, Plan, screen_pairs
from baton.sweep.report import OtherSweep, Played, Report, begun
from baton.sweep.soak import SoakPlan
from core.work_item import State

MANY_PARTS = Target("orderdesk", "bot", "wizard", commits=3)
TARGETS = [Target("orderdesk", "bot", "change"), MANY_PARTS, Target("servicedesk", "api", "open_ticket")]


def accepted(reference: str = "BTN-A", state: State | None = State.DONE, **more: Any) -> Accepted:
    """A mark of a failed delivery that was asked for, on the order 4800001."""
    entry = cast.read()["orderdesk"]["mark_failed_delivery"].entry_for(
        Target("orderdesk", "bot", "mark_failed_delivery"), "4800001", 1
    )
    return Accepted("orderdesk", "mark_failed_delivery", "4800001", entry, reference, state, **more)


def row(reference: str = "BTN-A", key: str = "4800001", **after: Any) -> dict[str, Any]:
    """A row of the ledger as that entry leaves it."""
    return {
        "system": "orderdesk",
        "operation": "mark_failed_delivery",
        "key": key,
        "reference": reference,
        "before": {},
        "after": {"status": "50", "reason": "12", "attempt": 1, "city": "Bremen", **after},
    }


def test_sixty_runs_strike_every_victim_at_every_point() -> None:
    """G1: whatever the seed, sixty runs hold each point with each victim that is there then, by screens and by API."""
    for seed in range(20):
        plan = Plan(seed, cast.targets(cast.read()))
        runs = [plan.run(number) for number in range(1, 61)]
        struck = {(run.blow.point, run.blow.victim, run.target.route) for run in runs if run.blow}

        assert {(*pair, "bot") for pair in screen_pairs()} <= struck
        assert {(point, "bot", "api") for point in BOT_POINTS} <= struck


def test_a_sweep_covers_by_construction() -> None:
    """G1: after as many rounds as the plan says, each operation met each pair with each action, and at each part."""
    plan = Plan(5, TARGETS)
    blows = [(run.target, run.blow) for run in (plan.run(number) for number in range(1, 12 * plan.round_length + 1))]

    for target in TARGETS[:2]:
        struck = {(blow.point, blow.victim, blow.action) for one, blow in blows if blow and one == target}
        assert {(*pair, action) for pair in screen_pairs() for action in ACTIONS} <= struck
    at_parts = {(blow.point, blow.nth) for one, blow in blows if blow and one == MANY_PARTS}
    assert {(point, nth) for point in ("after_find", "after_guard", "after_submit") for nth in (1, 2, 3)} <= at_parts


def test_a_run_follows_from_seed_and_number() -> None:
    """The same seed plays the same run, however many runs are wanted; another seed plays others."""
    once, again, other = (Plan(seed, TARGETS) for seed in (7, 7, 8))

    assert [once.run(number) for number in range(1, 200)] == [again.run(number) for number in range(1, 200)]
    assert [once.run(number) for number in range(1, 200)] != [other.run(number) for number in range(1, 200)]


def test_an_operation_without_an_entry_stops_the_sweep() -> None:
    """A new operation that nobody added to the cast is named, with the place where it belongs."""
    known = cast.read()
    forgetful = {**known, "servicedesk": {}}

    with pytest.raises(NotInTheCast, match=r"demo/data/cast.json has no entry for servicedesk/open_ticket"):
        cast.targets(forgetful)


@pytest.mark.parametrize(
    ("asked", "rows", "verdict"),
    [
        (accepted(), [row()], Verdict()),
        (accepted(), [], Verdict(lost="done, and the ledger has no BTN-A")),
        (accepted(state=State.SUBMITTING), [], Verdict(lost="still submitting, and nothing moves")),
        (accepted("", None), [], Verdict(lost="accepted, and there is no item")),
        (accepted(state=State.WITH_PERSON), [], Verdict()),
        (accepted(state=State.UNKNOWN), [], Verdict()),
        (accepted(), [row(), row()], Verdict(duplicated="BTN-A 2 times")),
        (accepted(state=State.WITH_PERSON), [row(), row()], Verdict(duplicated="BTN-A 2 times")),
        (accepted(), [row(key="4800002")], Verdict(wrong="on 4800002 in place of 4800001")),
        (accepted(), [row(reason="17")], Verdict(wrong="reason '17' in place of '12'")),
        (
            accepted(ledger=("failure",)),
            [row()],
            Verdict(wrong="mark_failed_delivery in place of mark_failed_delivery"),
        ),
        (accepted(gives_key=True), [row(key="T-000001")], Verdict()),
    ],
)
def test_the_ledger_judges(asked: Accepted, rows: list[dict[str, Any]], verdict: Verdict) -> None:
    """Lost is in no ledger and with nobody; twice is one reference twice; wrong is another record or other values."""
    assert Ledger(rows).judge(asked) == verdict


def test_a_row_that_nobody_asked_for_is_told() -> None:
    """A reference like ours that no item has is a stranger; one of a part, and a row without any, is not."""
    ledger = Ledger([row("BTN-AP2"), row("BTN-CP7"), row("BTN-B"), {**row(), "reference": None}])

    assert ledger.strangers(["BTN-A", "BTN-CP7"]) == ["orderdesk BTN-B"]


def test_a_report_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was played is read back; the sums and the table follow from it; another seed is refused with a sentence."""
    path = tmp_path / "sweep.json"
    run: dict[str, Any] = {"system": "orderdesk", "route": "bot", "operation": "reschedule"}
    blow: dict[str, Any] = {"point": "after_submit", "victim": "bot", "action": "kill", "fell": True}
    twice = Played(run=2, **run, **blow, state="done", adopted=True, doubted=True, duplicated="BTN-A 2 times")
    missed = Played(run=3, **run, **{**blow, "fell": False}, state="done")
    Report(seed=7, wanted=60, played={1: Played(run=1, **run, state="done"), 2: twice, 3: missed}).write(path)

    found = begun(path, 7, 60)

    assert found.played[2] == twice
    assert [found.is_played(number) for number in (1, 2, 3, 4)] == [True, True, False, False]
    assert (found.sums.runs, found.sums.duplicated, found.sums.unknown_resolved_by_probe) == (3, 1, 1)
    assert not found.well
    assert found.by_point()["after_submit"]["kill bot"]["duplicated"] == 1
    assert found.by_point()["in_peace"]["nothing"]["runs"] == 1
    with pytest.raises(OtherSweep, match="holds a sweep with seed 7"):
        begun(path, 8, 60)


def test_a_file_that_is_no_report_is_left_alone(tmp_path: Path) -> None:
    """Somebody's file is not overwritten."""
    path = tmp_path / "notes.json"
    path.write_text('{"mine": 1}', encoding="utf-8")

    with pytest.raises(OtherSweep, match="is no report of a sweep"):
        begun(path, 7, 60)


def test_a_tenth_of_a_soak_is_killed() -> None:
    """G9: a hundred of a thousand jobs are struck, over all operations, and nothing is paused."""
    plan = SoakPlan(3, TARGETS, 0.1)
    runs = [plan.run(number) for number in range(1, 1001)]
    struck = [run for run in runs if run.blow is not None]

    assert len(struck) == 100
    assert {run.target for run in struck} == set(TARGETS)
    assert {run.blow.victim for run in struck if run.blow} == {"bot", "browser", "renderer", "driver"}
    assert {run.blow.action for run in struck if run.blow} == {"kill"}


def test_the_slope_is_that_of_the_line() -> None:
    """Memory that grows by two each second has that slope, and noise around it does not change it much."""
    assert hygiene.slope([(at, 100 + 2 * at) for at in range(10)]) == pytest.approx(2)
    assert hygiene.slope([(1.0, 5.0)]) == 0


def test_a_browser_without_a_bot_is_an_orphan() -> None:
    """G9: a browser or driver that no living bot process holds counts; one below a bot does not, nor anything else."""
    idle = "import sys; sys.stdin.read()"
    words = (["--user-data-dir=/x"], ["run-driver"], ["migrate"])
    held = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {idle!r}, 'run-driver'])"
    with ExitStack() as running:
        alone = [running.enter_context(_program(idle, *more)) for more in words]
        bot = running.enter_context(_program(held))
        while not psutil.Process(bot.pid).children():
            os.sched_yield()

        ours = {one.pid for one in alone} | {one.pid for one in psutil.Process(bot.pid).children()}
        orphans = hygiene.orphans_of(psutil.Process(), [bot.pid])

        # Browsers that other tests of this process keep warm have no bot process either.
        assert {one.pid for one in orphans} & ours == {one.pid for one in alone[:2]}


@contextmanager
def _program(code: str, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python program with those words on its command line, until the block ends."""
    with subprocess.Popen([sys.executable, "-c", code, *words], stdin=subprocess.PIPE) as process:
        yield process
        for one in psutil.Process(process.pid).children():
            one.kill()
        process.kill()


def test_what_still_moves_is_not_lost_yet() -> None:
    """Before everything is at rest, an entry that a bot works on is not called lost; done without a row is."""
    moving, done = accepted(state=State.RUNNING), accepted()

    verdicts = [Ledger([]).judge(one, at_rest=False) for one in (moving, done)]

    assert [bool(verdict.lost) for verdict in verdicts] == [False, True]
