"""Failures by the hundred: rows, counts and figures agree, every page of the benchmark answers, a bulk retry starts."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_pages_of_many_failures_are_timed(tmp_path: Path) -> None:
    """Figures for every page, for the peer, and for a bulk retry of what the largest group holds."""
    written = tmp_path / "figures.json"
    few = ["--failures", "300", "--groups", "12", "--reads", "2", "--bulk", "20"]

    command = [sys.executable, "-m", "benchmarks.failures", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    assert (figures["failures"], figures["groups"], figures["bulk_things"]) == (300, 12, 20)
    assert len(figures["pages"]) == 8
    assert all(one["p95"] > 0 for one in [*figures["pages"].values(), figures["peer"]])
