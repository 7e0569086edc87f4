"""The supervisor with real processes: parts come back when they die, and nothing stays when it stops or is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from baton import leftovers, processes
from tests.support.patience import STOPPED
from tests.support.processes import Program, family_of, left_of, parts_of

TOY = "tests/support/toy_supervisor.py"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Where the toy supervisor keeps its record."""
    return tmp_path / "run" / "processes.json"


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that has nothing to do with Baton."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_killed_part_comes_back_and_it_is_said(tmp_path: Path, record: Path) -> None:
    """After `kill -9` of a part a line says how it ended, and another that it is back."""
    with Program(TOY, str(tmp_path), "sleeper") as program:
        program.says("all ready")
        first = parts_of(record)["sleeper"]

        os.kill(first, signal.SIGKILL)

        assert "starting it again in 0.2 s" in program.says("sleeper ended (killed by SIGKILL)")
        program.says("sleeper is back")
        assert parts_of(record)["sleeper"] != first
        program.stop()


def test_a_part_that_dies_takes_its_family_along(tmp_path: Path, record: Path) -> None:
    """A grandchild in a session of its own is ended before the part is started again."""
    with Program(TOY, str(tmp_path), "parent") as program:
        program.says("all ready")
        old = processes.family(parts_of(record)["parent"])
        assert len(old) == 2

        os.kill(old[0].pid, signal.SIGKILL)
        program.says("parent is back")

        assert left_of(old) == []
        program.stop()


def test_stopping_leaves_no_process(tmp_path: Path, record: Path) -> None:
    """SIGTERM ends every part with its family within 15 s; one that ignores it is killed, and that is said."""
    with Program(TOY, str(tmp_path), "sleeper", "parent", "stubborn") as program:
        program.says("all ready")
        family = family_of(record)
        assert len(family) >= 5  # three parts, a grandchild, the watchman

        seconds = program.stop()

        assert left_of(family) == []
        assert seconds < STOPPED
        assert [line for line in program.said if "stubborn did not stop within" in line]
        assert not record.exists()


def test_nothing_stays_when_the_supervisor_is_killed(tmp_path: Path, record: Path) -> None:
    """After `kill -9` of the supervisor its parts, their families and the watchman end by themselves."""
    with Program(TOY, str(tmp_path), "sleeper", "parent", "stubborn") as program:
        program.says("all ready")
        family = family_of(record)

        program.signal(signal.SIGKILL)

        assert left_of(family) == []


def test_the_next_start_ends_what_a_killed_one_left(tmp_path: Path, record: Path) -> None:
    """With the watchman killed too a grandchild stays; the next start finds it by the record and ends it."""
    with Program(TOY, str(tmp_path), "parent") as program:
        program.says("all ready")
        family = family_of(record)
        for watchman in filter(leftovers.is_watchman, family):
            watchman.kill()
        program.signal(signal.SIGKILL)
        program.end()

        ended = leftovers.end_of(record)

        assert ended >= 1
        assert left_of(family) == []


def test_a_pid_that_belongs_to_somebody_else_now_is_left_alone(
    record: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    """A recorded pid whose process started at another time is not killed."""
    record.parent.mkdir()
    parts = {"worker": {"pid": stranger.pid, "started": "another boot/1"}}
    record.write_text(json.dumps({"run": "gone", "parts": parts}))

    ended = leftovers.end_of(record)

    assert ended == 0
    assert psutil.Process(stranger.pid).is_running()


def test_a_part_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    """A part that dies three times before it was ever ready ends the start, with the last lines of its log."""
    with Program(TOY, str(tmp_path), "sleeper", "broken") as program:
        program.end()

        said = "\n".join(program.said)
        assert "broken ended 3 times before it was ready (exit status 1)" in said
        assert "toy: nothing works here" in said


def test_each_part_has_a_log_of_its_name(tmp_path: Path) -> None:
    """What a part writes lies in `<part>.log`."""
    with Program(TOY, str(tmp_path), "broken") as program:
        program.end()

        assert "nothing works here" in (tmp_path / "logs" / "broken.log").read_text()
