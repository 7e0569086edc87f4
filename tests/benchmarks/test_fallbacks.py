"""What fallbacks cost, in small: each figure and its peer are there."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import ROOT


def test_the_breaker_the_relay_and_the_line_are_timed(tmp_path: Path) -> None:
    """Figures for the breaker's rule, for the relay and the same starts by hand, and for a line that is let go."""
    written = tmp_path / "figures.json"
    few = ["--starts", "5", "--line", "10", "--backlog", "0"]

    command = [sys.executable, "-m", "benchmarks.fallbacks", *few, "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)

    figures = json.loads(written.read_text(encoding="utf-8"))
    rates = ("hear_us", "relay_per_second", "relay_peer_per_second", "line_per_second")
    assert figures["line_entries"] == 10
    assert [figures[rate] > 0 for rate in rates] == [True] * len(rates)
