"""The named points at which tests kill or pause a process; absent in production, where no variable arms them."""

import json
import os
import signal
import socket
from pathlib import Path

POINTS = (
    "before_intent",
    "after_find",
    "before_guard",
    "after_guard",
    "after_submit",
    "after_confirm",
    "before_report",
    "relay_after_start",
)


def reach(point: str, about: object = "") -> None:
    """Say that `point` is reached by the work on `about` (a work item's id), where a variable asks for it.

    `BATON_CRASH_TOLD_TO` is a socket: whoever listens there hears of every point, and this process waits for the
    answer, so that it can be killed or paused exactly here. `BATON_CRASH_AT` names one point at which this process
    kills itself, unless the file `BATON_CRASH_MARKER` is there already. Raises ValueError for a name not in POINTS.
    """
    if point not in POINTS:
        raise ValueError(f"{point} is not a crash point")
    listener = os.environ.get("BATON_CRASH_TOLD_TO")
    if listener:
        _tell(listener, point, str(about))
    if os.environ.get("BATON_CRASH_AT") == point:
        _die_once()


def _tell(listener: str, point: str, about: str) -> None:
    """Tell and wait; blocking on purpose, for a process that goes on meanwhile is not at the point any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(listener)
            line.sendall(json.dumps({"point": point, "about": about, "pid": os.getpid()}).encode() + b"\n")
            line.recv(1)
        except OSError:
            return  # nobody listens any more


def _die_once() -> None:
    """A marker file is made just before the kill; while it exists nothing is killed, so that a restart goes on."""
    marker = os.environ.get("BATON_CRASH_MARKER")
    if marker:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
