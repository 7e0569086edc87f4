"""Many open handoffs and workers that are killed under load: nothing is lost, nothing twice, every clock as told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


@pytest.mark.failure_mode("F34")
def test_open_handoffs_survive_their_workers(tmp_path: Path) -> None:
    """F34: the worker is killed twice under acts on every handoff; all are there once, and so are their clocks."""
    written = tmp_path / "figures.json"
    few = ["--open", "24", "--acts", "8", "--kills", "2"]

    command = [sys.executable, "-m", "benchmarks.handoffs", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    left = figures["storm"]
    assert (left["lost"], left["doubled"], left["differing"], left["acts"]) == (0, 0, 0, 24)
    assert left["clocks"] >= 3 * 24
    assert all(one["acts_per_second"] > 0 for one in figures["sides"].values())
