"""The benchmark runs and its figures come out; how good they are is for people to read."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_the_figures_of_the_handoff_benchmark_come_out(tmp_path: Path) -> None:
    """Two cases and two entries give every figure, and both sides with bookkeeping keep the same rows."""
    written = tmp_path / "figures.json"
    few = ["--cases", "2", "--entries", "1", "--rounds", "1"]

    command = [sys.executable, "-m", "benchmarks.handoff", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    sides, ways = figures["cases"]["sides"], figures["entries"]["ways"]
    assert all(one["median"] > 0 and one["start_ms"] for one in sides.values())
    assert all(one["median_ms"] > 0 for one in ways.values())
    assert sides["baton"]["rows_per_case"] == sides["bookkeeping"]["rows_per_case"]
