"""Which process a browser is, beyond doubt, and how its whole tree is ended."""

import asyncio
import os
import socket
import sys
import time
from functools import cache
from pathlib import Path

import psutil
import structlog

from core.faults import BrowserInDoubt

log = structlog.get_logger(__name__)

DEATH_SECONDS = 5.0
"""SIGKILL ends a process within milliseconds, unless the kernel itself is stuck."""
_LOOK_AGAIN_SECONDS = 0.02


def this_host() -> str:
    """The name under which this machine keeps its processes."""
    return socket.gethostname()


@cache
def this_boot() -> str:
    """What tells this run of the machine from the one before; process ids mean nothing across it."""
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return str(int(psutil.boot_time()))


@cache
def this_pid_space() -> str:
    """Where process ids mean something: a container has its own, though host name and boot may be another's."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""  # no Linux, or a kernel without them: there is one space only


def started_at(pid: int) -> float | None:
    """When the process began; None when there is none, or only its body that nobody has collected yet (a zombie).

    On Linux these are seconds since the machine started: a clock that is set changes the epoch of every process, and a
    living browser would then pass for another one. Elsewhere it is what the process table says.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        if sys.platform != "linux":
            return float(process.create_time())
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None


def lives(pid: int, started: float) -> bool:
    """Whether this very process still lives, and not a later one with its number."""
    now = started_at(pid)
    return now is not None and abs(now - started) < 0.05


def resident_memory(pid: int) -> int:
    """Bytes that a process and all its children hold in memory; 0 when it is gone."""
    held = 0
    for process in _tree(pid):
        try:
            held += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return held


async def kill_tree(pid: int, started: float) -> None:
    """Kill the browser with all its children and its process group; returns when they are dead.

    Raises BrowserInDoubt when they still live after DEATH_SECONDS.
    """
    if not lives(pid, started):
        return
    group, name = os.getpgid(pid), _name(pid)
    doomed = _tree(pid)
    until = time.monotonic() + DEATH_SECONDS
    while True:
        doomed |= _members(group, name)
        living = [one for one in doomed if _kill(one)]
        if not living and not lives(pid, started):
            return
        if time.monotonic() > until:
            log.error("browser.does_not_die", pid=pid, left=len(living))
            raise BrowserInDoubt(f"process {pid} and {len(living)} of its tree do not die")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _tree(pid: int) -> set[psutil.Process]:
    try:
        browser = psutil.Process(pid)
        return {browser, *browser.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def _members(group: int, name: str) -> set[psutil.Process]:
    """The browser's processes in its group; never our own group, should a browser have been started within it."""
    if group == os.getpgid(0):
        return set()
    found = set()
    for process in psutil.process_iter(["name"]):
        try:
            if os.getpgid(process.pid) == group and process.info["name"] == name:
                found.add(process)
        except (ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or belongs to somebody else
    return found


def _kill(process: psutil.Process) -> bool:
    """Kill it; whether it still lived. psutil compares start times, so that a reused number is never hit."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _name(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.NoSuchProcess:
        return ""
