"""Real processes in tests: started, listened to line by line, and looked for when they should be gone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from baton import leftovers, processes
from tests.support.patience import STOPPED

ROOT = Path(__file__).resolve().parent.parent.parent


class Program:
    """A Python program as a process of its own, with everything it said; killed at the end of the block."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
        python: str = sys.executable,
    ) -> None:
        self.said: list[str] = []
        self._drained = False
        become: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [python, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(env or {})},
            **become,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def says(self, words: str) -> str:
        """Wait for a line that contains the words; fails with everything said when it ends without them."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line.rstrip("\n"))
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}. It said:\n" + "\n".join(self.said))

    def signal(self, signal_: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(signal_)

    def end(self) -> int:
        """Wait for its end; the exit status."""
        assert self._process.stdout is not None
        self.said += self._process.stdout.read().splitlines()
        return self._process.wait()

    def drain(self) -> None:
        """Read on until it ends, so that it never waits for a reader; for a thread of its own."""
        assert self._process.stdout is not None
        self._drained = True
        for line in self._process.stdout:
            self.said.append(line.rstrip("\n"))

    def stop(self) -> float:
        """Ask it to stop with SIGTERM and wait; how many seconds that took."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self._process.wait() if self._drained else self.end()
        return time.monotonic() - began

    def __enter__(self) -> Self:
        """Use it as a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened, it does not stay."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def run_of(record: Path) -> str:
    """The mark that every process of a running Baton carries."""
    found = leftovers.read(record)
    assert found is not None, f"no record in {record}"
    return found[0]


def family_of(record: Path) -> list[psutil.Process]:
    """Every process of a running Baton: the marked ones and all that descend from them (PostgreSQL's backends)."""
    heads = {*parts_of(record).values(), *(process.pid for process in processes.marked(run_of(record)))}
    found = {process.pid: process for head in heads for process in processes.family(head)}
    return list(found.values())


def parts_of(record: Path) -> dict[str, int]:
    """The parts of a running Baton and their pids."""
    parts = json.loads(record.read_text(encoding="utf-8"))["parts"]
    return {name: who["pid"] for name, who in parts.items()}


def left_of(family: list[psutil.Process], seconds: float = STOPPED) -> list[psutil.Process]:
    """Those of a family that still live after at most so many seconds."""
    return processes.wait(family, seconds)
