"""The benchmark of the bots runs and its figures come out; how good they are is for people to read."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_the_figures_of_the_bots_benchmark_come_out(tmp_path: Path) -> None:
    """One entry of each side gives every figure and its ratio; without the peer it says so."""
    written = tmp_path / "figures.json"
    few = ["--entries", "1", "--rounds", "1", "--seats", "1", "--no-peer"]

    command = [sys.executable, "-m", "benchmarks.bots", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    assert figures["ms"]["baton"][0] > 0
    assert figures["ratios"]["of_bare"] > 0
    assert figures["baton_per_minute"]["1"][0] > 0
    assert figures["without_peer"]
