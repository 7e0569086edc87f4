"""The sweep as people run it: sixty runs over every point and every victim, stopped in the middle and gone on with."""

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from baton.sweep.plan import BOT_POINTS, screen_pairs
from core.work_item import FINAL, NEEDS_PERSON
from tests.support.processes import Program, left_of

SEED = "7"
RUNS = 60
BOTS = "3"
"""A struck run mostly waits, for a silent bot to be missed and its screen to settle: others are played meanwhile."""
STOPPED_AFTER = f"20/{RUNS}  run"


@pytest.mark.acceptance
@pytest.mark.timeout(3000)
async def test_sixty_runs_lose_nothing_and_enter_nothing_twice(tmp_path: Path) -> None:
    """F01 to F05, F07, F17 to F20: kills and pauses at every point, of every victim; the ledgers say: each once.

    Ctrl-C in the middle leaves no process and a report that holds; the same command goes on where it stopped.
    """
    report = tmp_path / "sweep.json"
    command = ("-m", "baton", "sweep", "--runs", str(RUNS), "--seed", SEED, "--bots", BOTS, "--json", str(report))

    with Program(*command) as first:
        await asyncio.to_thread(first.says, STOPPED_AFTER)
        family = [one for one in psutil.Process().children(recursive=True) if first.pid in _ancestry(one)]
        first.signal(signal.SIGINT)
        stopped = await asyncio.to_thread(first.end)
    early = json.loads(report.read_text(encoding="utf-8"))
    with Program(*command) as second:
        ended = await asyncio.to_thread(second.end)
    told = json.loads(report.read_text(encoding="utf-8"))

    assert stopped == 130, first.said[-5:]
    assert left_of(family) == []
    assert early["runs"] >= 20
    assert ended == 0, second.said[-20:]
    assert (told["runs"], told["lost"], told["duplicated"], told["wrong_record"]) == (RUNS, 0, 0, 0)
    assert told["waiting"] == 0
    assert told["unknown_resolved_by_probe"] > 0
    assert f"{RUNS} runs, seed {SEED}: 0 lost, 0 duplicated, 0 wrong record" in " ".join(second.said)
    assert _kept(early) == {one: by for one, by in _kept(told).items() if one in _kept(early)}
    assert _struck(told) == {(*pair, "bot") for pair in screen_pairs()} | {
        (point, "bot", "api") for point in BOT_POINTS
    }
    assert sum(_by_point(told).values()) == RUNS


def _ancestry(process: psutil.Process) -> list[int]:
    try:
        return [process.pid, *(parent.pid for parent in process.parents())]
    except psutil.NoSuchProcess:
        return [os.getpid()]


def _kept(told: dict[str, Any]) -> dict[int, str]:
    """The runs, each with the reference of its intent, that are not played again: blow fallen, and come to rest."""
    ended = [one for one in told["played"] if one["state"] in FINAL | NEEDS_PERSON]
    return {one["run"]: one["reference"] for one in ended if one["fell"] or not one["point"]}


def _struck(told: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Where a blow found its victim."""
    fell = [one for one in told["played"] if one["fell"] and one["victim"] != "desk"]
    return {(one["point"], one["victim"], one["route"]) for one in fell}


def _by_point(told: dict[str, Any]) -> Counter[str]:
    return Counter({point: sum(cell["runs"] for cell in cells.values()) for point, cells in told["by_point"].items()})
