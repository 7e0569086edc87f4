"""The named points at which tests kill a process; absent in production, where no variable arms them."""

import os
import signal
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


def reach(point: str) -> None:
    """Kill this process at `point` when `BATON_CRASH_AT` names it and no crash has happened yet.

    `BATON_CRASH_MARKER` is a file that is made just before the kill; while it exists nothing is killed, so that the
    restarted process goes on. Raises ValueError for a name that is not in POINTS.
    """
    if point not in POINTS:
        raise ValueError(f"{point} is not a crash point")
    if os.environ.get("BATON_CRASH_AT") != point:
        return
    marker = os.environ.get("BATON_CRASH_MARKER")
    if marker:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
