"""What parts say: everything to their file, what matters to the terminal, never a flood."""

import io
from pathlib import Path

import pytest

from baton.part_log import BURST, PartLog, Terminal

INFO = "2026-11-22T01:00:00Z [info     ] case.opened\n"


@pytest.fixture
def screen() -> io.StringIO:
    """What the terminal shows."""
    return io.StringIO()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-11-22T01:00:00Z [warning  ] outbox.late", True),
        ('{"event": "x", "level": "error"}', True),
        ("time=2026 level=WARN msg=slow", True),
        ("2026-11-22 [12] FATAL:  the end", True),
        ("2026-11-22T01:00:00Z [info     ] case.opened", False),
        ("INFO: GET /errors 200", False),
    ],
)
def test_what_matters_is_shown_under_the_parts_name(
    tmp_path: Path, screen: io.StringIO, line: str, shown: bool
) -> None:
    """Warnings and errors of every format reach the terminal; everything reaches the file."""
    log = PartLog("worker", tmp_path, Terminal(out=screen))

    log.feed(f"{line}\n".encode())
    log.close()

    assert (screen.getvalue() == f"worker         {line}\n") is shown
    assert (tmp_path / "worker.log").read_text() == f"{line}\n"


def test_a_traceback_is_shown_whole(tmp_path: Path, screen: io.StringIO) -> None:
    """A traceback is shown to its last line, and what follows it is quiet again."""
    log = PartLog("bots", tmp_path, Terminal(out=screen))
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no\n'

    log.feed((trace + INFO).encode())
    log.close()

    assert screen.getvalue().count("\n") == 3
    assert "ValueError: no" in screen.getvalue()


def test_lines_come_in_pieces(tmp_path: Path, screen: io.StringIO) -> None:
    """A line that arrives in pieces is one line, and a last one without an end is kept."""
    log = PartLog("ticks", tmp_path, Terminal(verbose=True, out=screen))

    log.feed(b"one li")
    log.feed(b"ne\nlast")
    log.close()

    assert (tmp_path / "ticks.log").read_text() == "one line\nlast\n"
    assert screen.getvalue() == "ticks          one line\nticks          last\n"


def test_a_flood_is_cut_off(tmp_path: Path, screen: io.StringIO) -> None:
    """Of many errors at once the terminal shows a few and says where the rest is."""
    log = PartLog("bots", tmp_path, Terminal(out=screen))

    log.feed(b"ERROR\n" * 100)
    log.close()

    lines = screen.getvalue().splitlines()
    assert len(lines) == BURST + 1
    assert str(tmp_path / "bots.log") in lines[-1]
    assert (tmp_path / "bots.log").read_text().count("ERROR") == 100
