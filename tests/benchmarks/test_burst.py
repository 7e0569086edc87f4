"""Temporal killed under a burst of reports, in short: what the benchmark does with five hundred over ten minutes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


@pytest.mark.failure_mode("F33")
def test_a_burst_without_temporal_loses_nothing(tmp_path: Path) -> None:
    """F31, F33: killed under forty reports, Temporal takes up forty cases when it is back, and hears what waited."""
    written = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.burst", "--submissions", "40", "--minutes", "0.05"]

    subprocess.run([*command, "--json", str(written)], cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    assert (figures["receipts"], figures["cases"]) == (40, 40)
    assert (figures["withdrawals"], figures["answered"]) == (4, 4)
