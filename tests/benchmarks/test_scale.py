"""What a case costs: the counting in small, and the page on scaling held against the figures that it is made of."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import reckoning
from benchmarks.scale import Figures
from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_a_few_cases_are_counted(tmp_path: Path) -> None:
    """Every store and every processor has something of each case."""
    written = tmp_path / "figures.json"

    command = [sys.executable, "-m", "benchmarks.scale", "--cases", "4", "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    case = Figures.model_validate(json.loads(written.read_text(encoding="utf-8"))["scale"]).case
    assert case.workflows == 4  # the case and its three entries
    assert case.rows["cases"] == 1
    assert case.rows["work_items"] == 3
    assert min(case.events, case.history_bytes, case.transitions, case.cpu.total) > 0


def test_the_page_says_what_the_figures_come_to() -> None:
    """docs/scaling.md has each line that is reckoned from docs/scaling.json, and none of another run."""
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8").splitlines()
    figures = Figures.model_validate(json.loads((ROOT / "docs/scaling.json").read_text(encoding="utf-8"))["scale"])

    reckoned = [line for line in reckoning.page(figures) if line]

    assert [line for line in page if line.startswith("|")] == reckoned
