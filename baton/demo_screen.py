"""How the demo looks on a terminal: a few lines while it runs, a table at the end."""

import time
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from baton.demo_count import Count
from core.case import STAGE_TITLES, Stage

BAR = 40
LINE_SECONDS = 5.0


class Progress:
    """Live progress: drawn in place on a terminal, a line every few seconds where there is none."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._live = Live(console=screen, refresh_per_second=4) if screen.is_terminal else None
        self._told = 0
        self._last = 0.0
        self._said = ""

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture standing."""
        if self._live is not None:
            self._live.stop()

    def show(self, now: Count, told: list[str]) -> None:
        """Where everything stands, and what the players did since the last time."""
        for line in told[self._told :]:
            self._screen.print(f"  {line}", soft_wrap=True)
        self._told = len(told)
        if self._live is not None:
            self._live.update(_drawn(now))
        elif time.monotonic() - self._last > LINE_SECONDS and _words(now) != self._said:
            self._last, self._said = time.monotonic(), _words(now)
            self._screen.print(self._said, soft_wrap=True)


def _drawn(now: Count) -> Group:
    grid = Table.grid(padding=(0, 2))
    for stage in Stage:
        number = now.by_stage.get(stage.value, 0)
        if number:
            length = max(1, round(BAR * number / max(now.cases, 1)))
            grid.add_row(STAGE_TITLES[stage], str(number), "█" * length)
    return Group(grid, Text(_words(now)))


def _words(now: Count) -> str:
    return (
        f"{now.cases} cases: {now.closed} closed, {now.handoffs_open} with service, "
        f"{now.corrections_open} with their submitter, {_failed(now.failures_open)}, {now.moving} moving"
    )


def _handoffs(count: int) -> str:
    return f"{count} {'handoff' if count == 1 else 'handoffs'}"


def _failed(count: int) -> str:
    return f"{count} failed {'entry' if count == 1 else 'entries'}"


def outcome(result: dict[str, Any]) -> Table:
    """What came of it, and the proof."""
    table = Table(title="What happened", title_justify="left", show_header=False)
    table.add_row("Rows in the file", f"{result['rows']}: {result['accepted']} taken, {result['rejected']} came back")
    table.add_row("Cases", f"{result['cases']} (the same report twice is one case)")
    table.add_row("Closed", str(result["closed"]))
    table.add_row("With a person", f"{_handoffs(result['handoffs_open'])}, {_failed(result['failures_open'])}")
    entries = ", ".join(f"{system} {rows}" for system, rows in result["ledger"].items())
    table.add_row("Entries in the ledgers", entries)
    table.add_row("Lost", str(result["lost"]))
    table.add_row("Entered twice", str(result["duplicated"]))
    table.add_row("Seconds", f"{result['seconds']:.0f}")
    return table
