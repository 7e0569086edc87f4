"""How the process of a verb comes to its end: at once, with all that was to be done and said."""

import os
import subprocess
import sys

import pytest

from baton.stack import ROOT

LAST = """
import atexit, sys

class Kept:
    def __del__(self):
        print("taken apart", flush=True)

kept = Kept()
atexit.register(print, "registered before")
from baton import cli

@cli.app.command()
def last(status: int):
    atexit.register(print, "cleared up")
    print("worked")
    raise SystemExit(status)

sys.argv = ["baton", "last", {status!r}]
cli.main()
"""


@pytest.mark.parametrize(("status", "ended"), [("0", 0), ("3", 3), ("no number", 2)])
def test_a_verb_that_is_done_ends_at_once(status: str, ended: int) -> None:
    """What it registered is done, its words and its status are told; Python does not take itself apart."""
    run = subprocess.run(
        [sys.executable, "-c", LAST.format(status=status)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == ended, run.stderr
    assert run.stdout.split("\n") == (["worked", "cleared up", ""] if ended != 2 else [""])


def test_a_verb_whose_reader_has_gone_ends_without_a_word() -> None:
    """As in `baton clocks check | head -1`: no traceback on the terminal."""
    last = LAST.format(status="0").replace('print("worked")', "sys.stdin.read()\n    print('worked')")
    kept_until_the_end = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-c", last],
        cwd=ROOT,
        env=kept_until_the_end,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        run.stdin.close()
        told = run.stderr.read()

    assert (told, run.wait()) == (b"", 0)
