"""A quarter of the workers and of the bots restarted under load: every case closes, every entry is in once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


@pytest.mark.failure_mode("F35")
def test_a_quarter_of_the_workers_is_restarted_under_load(tmp_path: Path) -> None:
    """F35: one of four workers and one of four bots is told to end, the next is killed; nothing is lost or twice."""
    written = tmp_path / "figures.json"
    few = ["--cases", "12", "--restarts", "2", "--every", "0"]

    command = [sys.executable, "-m", "benchmarks.churn", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    left = json.loads(written.read_text(encoding="utf-8"))["churn"]
    assert (left["restarts"], left["closed"], left["lost"], left["doubled"]) == (2, 12, 0, 0)
    assert left["entries"] == {name: [12, 12] for name in ("mark_failed_delivery", "open_ticket", "update_ticket")}
