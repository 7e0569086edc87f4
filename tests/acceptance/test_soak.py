"""The soak as people run it, in small: bots are killed again and again, and nothing is left of them."""

import json
from pathlib import Path

import pytest

from tests.support.processes import Program


@pytest.mark.acceptance
def test_a_short_soak_leaves_nothing(tmp_path: Path) -> None:
    """G9: jobs, half of them killed: no browser or driver without a bot, and no temporary files to speak of."""
    report = tmp_path / "soak.json"

    with Program("-m", "baton", "soak", "--jobs", "6", "--kill", "50", "--bots", "2", "--json", str(report)) as soak:
        ended = soak.end()
    told = json.loads(report.read_text(encoding="utf-8"))

    assert ended == 0, soak.said[-20:]
    assert (told["runs"], told["lost"], told["duplicated"], told["wrong_record"]) == (6, 0, 0, 0)
    assert told["orphans"] == 0
    assert told["temp_growth_mb"] < 50
    assert told["rss_first_mb"] > 0
