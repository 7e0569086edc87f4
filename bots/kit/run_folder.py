"""The folder of one bot process: every temporary file of its driver and browsers, and what finds them when it is dead.

A process holds a lock on its folder for as long as it lives, however it ends; a folder whose lock is free is over.
"""

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bots.kit.processes import this_boot, this_host

log = structlog.get_logger(__name__)

HALF_MADE_SECONDS = 3600.0
"""A folder without a readable owner is somebody's half-made one for milliseconds; after this time it is rubbish."""

_OWNER = "owner.json"


class Owner(BaseModel):
    """Whose folder it is. Process ids mean nothing on another host or after a restart of this one."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot_id: str
    pid: int


class RunFolder:
    """This process's own folder below `browsers`; made and locked at once, gone with `close`."""

    def __init__(self, browsers: Path) -> None:
        name = uuid.uuid4().hex[:12]
        half_made = browsers / f"half-{name}"
        half_made.mkdir(mode=0o700, parents=True)
        owner = Owner(host=this_host(), boot_id=this_boot(), pid=os.getpid())
        (half_made / _OWNER).write_text(owner.model_dump_json(), encoding="utf-8")
        self._lock = os.open(half_made / _OWNER, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Nobody sees a folder that is not locked yet: it gets its name last, and the lock goes with it.
        self.path = half_made.rename(browsers / f"run-{name}")

    def close(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Abandoned(BaseModel):
    """A folder of this host whose process is dead. `same_boot`: what it started may still live."""

    model_config = ConfigDict(frozen=True)

    path: Path
    same_boot: bool


@contextlib.contextmanager
def abandoned(browsers: Path) -> Iterator[list[Abandoned]]:
    """The folders of dead processes of this host; within the block nobody else clears them away."""
    with contextlib.ExitStack() as held:
        found = [_taken(path, held) for path in sorted(browsers.glob("run-*"))]
        yield [folder for folder in found if folder is not None]


def clear_half_made(browsers: Path) -> None:
    """Remove what a process left that died in the moment of making its folder."""
    for path in browsers.glob("half-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > HALF_MADE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _taken(path: Path, held: contextlib.ExitStack) -> Abandoned | None:
    try:
        file = (path / _OWNER).open("rb")
    except FileNotFoundError:
        return None  # its process is just removing it
    held.enter_context(file)
    try:
        owner = Owner.model_validate_json(file.read())
    except ValidationError:
        log.warning("browser.folder_unreadable", folder=path.name)
        return None
    if owner.host != this_host():
        return None  # a shared folder holds those of other machines: they are theirs
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return Abandoned(path=path, same_boot=owner.boot_id == this_boot())
