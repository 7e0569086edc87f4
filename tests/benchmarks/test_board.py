"""The board's benchmark, on few handoffs: what it makes is what the page counts."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_the_board_counts_what_was_made(tmp_path: Path) -> None:
    """Every open handoff is on the page, waiting or with somebody, and each timed page was answered."""
    written = tmp_path / "figures.json"
    few = ["--handoffs", "300", "--open", "200", "--people", "4", "--loads", "2"]

    command = [sys.executable, "-m", "benchmarks.board", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    assert (figures["waiting"], figures["held"], figures["loads"]) == (150, 50, 2)
    assert 0 < figures["median_ms"] <= figures["worst_ms"]
