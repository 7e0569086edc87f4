"""A drill as people run it, a short one: the order desk refuses every connection, with entries in flight."""

import json
from pathlib import Path

import pytest

from tests.support.processes import Program


@pytest.mark.acceptance
@pytest.mark.timeout(3000)
def test_a_short_outage_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """F23: the way is held, everybody stands in line, goes on in order by itself, and each entry is in once."""
    file = tmp_path / "drill.json"
    how = ("--mode", "down", "--minutes", "0.1", "--items", "8", "--bots", "1", "--json", str(file))

    with Program("-m", "baton", "drill", "orderdesk", *how) as drill:
        drill.end()
    told = json.loads(file.read_text(encoding="utf-8"))

    assert (told["lost"], told["duplicated"], told["wrong_record"], told["write_probes"]) == (0, 0, 0, 0), drill.said
    assert (told["order_kept"], told["detected_by"], told["waiting"]) == (True, "breaker", 0), drill.said
    assert told["held"] > 0
    assert told["held"] == told["drained"]
