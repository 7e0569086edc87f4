"""Who is who among processes: an identity that outlives reuse of pids, marks in the environment, ending families."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

RUN_MARK = "BATON_RUN"
PART_MARK = "BATON_PART"
PR_SET_CHILD_SUBREAPER = 36
KILLED_WITHIN = 5.0
GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


class Identity(BaseModel):
    """One process for good: a pid is given out again, a pid with its start time is not."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: str


def identity(pid: int) -> Identity | None:
    """The identity of a process that runs now; None when there is none."""
    started = started_at(pid)
    return None if started is None else Identity(pid=pid, started=started)


def started_at(pid: int) -> str | None:
    """When a process started, as an opaque word that holds across restarts of this machine; None when it is gone."""
    if sys.platform != "linux":
        try:
            return str(psutil.Process(pid).create_time())
        except GONE:
            return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Ticks since boot, not a date: a clock that is set in between must not make a process look like another.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{fields[19]}"


def is_same(who: Identity) -> bool:
    """Whether exactly this process still runs."""
    return started_at(who.pid) == who.started


def family(pid: int) -> list[psutil.Process]:
    """A process and everything that descends from it, children last."""
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except GONE:
        return []


def marked(run: str, part: str | None = None) -> list[psutil.Process]:
    """Processes whose environment carries the mark of a run, and of one part of it when named; never this one."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            environment = process.environ()
        except (*GONE, OSError):
            continue
        if environment.get(RUN_MARK) == run and part in {None, environment.get(PART_MARK)}:
            found.append(process)
    return found


def living_in(folder: Path, name: str) -> list[psutil.Process]:
    """Processes called `name` that work in `folder`: PostgreSQL's backends hide their environment, not their place."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != name:
            continue
        with contextlib.suppress(*GONE, OSError):
            if Path(process.cwd()) == folder:
                found.append(process)
    return found


def end(processes: Iterable[psutil.Process], *, ask: signal.Signals | None = None, patience: float = 0.0) -> int:
    """End processes and wait until they are gone: `ask` first for `patience` seconds, then SIGKILL. Returns how many.

    psutil compares pid and start time before each signal, so a pid given out again is never hit.
    """
    left = [process for process in processes if process.pid != os.getpid()]
    count = len(left)
    if ask is not None:
        send(left, ask)
        left = wait(left, patience)
    send(left, signal.SIGKILL)
    wait(left, KILLED_WITHIN)
    return count


def wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until they have ended; returns those that have not. A zombie has: it only waits for a pid 1 that reaps."""
    until = time.monotonic() + seconds
    while (processes := [process for process in processes if is_alive(process)]) and time.monotonic() < until:
        time.sleep(0.02)
    return processes


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still runs, as the one it was."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except GONE:
        return False


def send(processes: Iterable[psutil.Process], signal_: signal.Signals) -> None:
    """Send one signal to each; those that are gone already are fine."""
    for process in processes:
        with contextlib.suppress(*GONE):
            process.send_signal(signal_)


def send_to_group(pid: int, signal_: signal.Signals) -> None:
    """Signal the process group that a part leads; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal_)


def become_subreaper() -> None:
    """Orphans of our parts come to us instead of pid 1, so that they can be seen and reaped (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def orphans() -> set[int]:
    """Children of this process that have ended and that nobody has waited for."""
    found = set()
    for process in psutil.Process().children():
        with contextlib.suppress(*GONE):
            if process.status() == psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def reap(pids: Iterable[int]) -> None:
    """Take the exit status of ended children, so that they leave the process table."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
