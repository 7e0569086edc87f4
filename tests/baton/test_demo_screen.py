"""What the demo prints where there is no terminal to draw on."""

import io

import pytest
from rich.console import Console

from baton import demo_screen
from baton.demo_count import Count


def test_what_did_not_change_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is printed again only when it says something else, and one is no plural."""
    monkeypatch.setattr(demo_screen, "LINE_SECONDS", -1.0)
    out = io.StringIO()
    progress = demo_screen.Progress(Console(file=out, width=200))
    counted = dict.fromkeys(Count.model_fields, 0) | {"cases": 2, "failures_open": 1, "by_stage": {}, "ledger": {}}
    now = Count.model_validate(counted)

    for _ in range(3):
        progress.show(now, [])

    assert out.getvalue().count("2 cases") == 1
    assert "1 failed entry," in out.getvalue()
