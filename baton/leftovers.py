"""What a run leaves behind when it is killed: found by its record and its marks, and ended.

Two meet here: the next `baton up` on the same data folder, and the watchman, a tiny process that outlives the
supervisor by a moment and ends what the kernel's parent-death signal did not reach (grandchildren: browsers).
"""

import contextlib
import json
import signal
import sys
import uuid
from pathlib import Path

import psutil

from baton import processes
from baton.processes import Identity


class RunRecord:
    """`processes.json` of a data folder: which run this is, which processes it started, and why one does not run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = uuid.uuid4().hex
        self._parts: dict[str, Identity] = {}
        self._stopped: dict[str, str] = {}

    def note(self, part: str, who: Identity | None) -> None:
        """Remember the process that a part runs as now; None when it has none."""
        self._parts.pop(part, None)
        if who is not None:
            self._parts[part] = who
            self._stopped.pop(part, None)
        self._write()

    def tell(self, part: str, why: str) -> None:
        """Remember why a part does not run, as a sentence for people; until it runs again."""
        self._stopped[part] = why
        self._write()

    def _write(self) -> None:
        parts = {name: identity.model_dump() for name, identity in self._parts.items()}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(
            json.dumps({"run": self.run, "parts": parts, "stopped": self._stopped}, indent=1), encoding="utf-8"
        )
        fresh.replace(self.path)

    def forget(self) -> None:
        """A run that ended in order leaves no record."""
        self.path.unlink(missing_ok=True)


def read(path: Path) -> tuple[str, list[Identity]] | None:
    """The run and the processes of a record; None when there is none or it cannot be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record["run"], [Identity(**who) for who in record["parts"].values()]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Written whole or not at all, so this is somebody's edit: the parts end with their ports and locks taken.
        return None


def end_of(path: Path, only_run: str | None = None) -> int:
    """End every process that the recorded run left; returns how many. `only_run` guards against a newer record."""
    record = read(path)
    if record is None or only_run not in {None, record[0]}:
        return 0
    run, parts = record
    left: dict[int, psutil.Process] = {}
    for who in parts:
        if processes.is_same(who):
            left |= {process.pid: process for process in processes.family(who.pid)}
    left |= {process.pid: process for process in processes.marked(run)}
    return processes.end(process for process in left.values() if not is_watchman(process))


def is_watchman(process: psutil.Process) -> bool:
    """The watchman ends by itself, and two of them must not end each other half way."""
    with contextlib.suppress(*processes.GONE):
        return "baton.leftovers" in process.cmdline()
    return False


def watch(path: Path, run: str) -> None:
    """Wait until the supervisor is gone (its end of our standard input closes), then end what it left of this run."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    # A second look catches what was being born during the first.
    if end_of(path, run):
        end_of(path, run)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), sys.argv[2])
