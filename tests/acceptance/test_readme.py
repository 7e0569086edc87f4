"""What the README tells a newcomer to type is typed here, all but the test command itself."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.data_folder import DataFolder
from baton.processes import family, wait
from tests.support.patience import PATIENCE, STOPPED

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```\n(make .+)\n```$", README, flags=re.MULTILINE)
VERBS = re.findall(r"`\.venv/bin/(baton [^`]+)`", README)
KNOWN_COMMANDS = {"make demo", "make test", "make up"}
KNOWN_VERBS = {
    "baton status",
    "baton case FD-000001",
    "baton check",
    "baton sweep --runs 60",
    "baton enter orderdesk correct_address --file FILE",
    "baton drill orderdesk --mode down",
}
"""The sweep is played by `test_sweep.py`, the drill by `test_drill.py`, the file by `test_morning.py`, others here."""


@pytest.fixture(scope="module")
def played() -> Iterator[Path]:
    """A demo that has run as the README says, with its counts beside its data."""
    folder = Path(tempfile.mkdtemp(prefix="baton-readme-", dir="/tmp"))
    folder.chmod(0o755)
    arguments = f"ARGS=--data-dir {folder / 'data'} --json {folder / 'counts.json'}"
    told = subprocess.run(["make", "demo", arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    (folder / "told.txt").write_text(told.stdout + told.stderr, encoding="utf-8")
    (folder / "status.txt").write_text(str(told.returncode), encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def test_the_commands_are_known() -> None:
    """The README tells exactly the commands that are run here."""
    assert set(COMMANDS) == KNOWN_COMMANDS
    assert set(VERBS) == KNOWN_VERBS


def test_make_demo_loses_nothing_and_enters_nothing_twice(played: Path) -> None:
    """`make demo` ends well: 40 rows, 3 back with reasons, half the handoffs resolved, nothing lost, nothing twice."""
    told = (played / "told.txt").read_text(encoding="utf-8")
    assert (played / "status.txt").read_text(encoding="utf-8") == "0", told
    counts = json.loads((played / "counts.json").read_text(encoding="utf-8"))

    assert (counts["rows"], counts["accepted"], counts["rejected"], counts["cases"]) == (40, 37, 3, 36)
    assert (counts["lost"], counts["duplicated"]) == (0, 0)
    assert counts["closed"] >= 15
    assert counts["handoffs_open"] >= 10
    assert counts["failures_open"] == 0, "what meets an outage is held and goes on; nobody has to do anything about it"
    assert "Tickets wait for it" in told
    assert f"baton up --data-dir {played / 'data'}" in told


def test_make_up_shows_the_same_cases_and_stops(played: Path) -> None:
    """`make up` on the demo's folder is ready, tells status and a case, and Ctrl-C leaves no process."""
    folder = DataFolder(played / "data")
    arguments = f"ARGS=--port-base 0 --data-dir {folder.path}"
    with subprocess.Popen(
        ["make", "up", arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as up:
        assert up.stdout is not None
        assert any("Baton is ready" in line for line in up.stdout)
        everybody = family(up.pid)
        status = baton("status", folder)
        case = baton("case FD-000001", folder)
        check = baton("check", folder)
        os.killpg(up.pid, signal.SIGINT)
        up.communicate(timeout=PATIENCE)

    assert "18 open" in status or "closed" in status
    assert "FD-000001" in case
    assert "ok" in check
    assert wait(everybody, STOPPED) == []


def baton(verb: str, folder: DataFolder) -> str:
    """What `.venv/bin/baton` answers to a verb."""
    command = [str(ROOT / ".venv" / "bin" / "baton"), *verb.split(), "--data-dir", str(folder.path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
