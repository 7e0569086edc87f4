"""PostgreSQL and its disk: why it stopped there, and what is looked at before it runs on that disk again."""

import contextlib
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from baton import postgres_user
from baton.parts import PartFailed, PartHeld
from baton.postgres_user import Owner

NO_ROOM = re.compile(r"\b(?:PANIC|FATAL): .*\bpg_wal\b.*: (?:No space left on device|Disk quota exceeded)")
REFUSED = re.compile(r"\b(?:PANIC|FATAL): +(.*: (?:Input/output error|Read-only file system))")
SEGMENT = 16 << 20
"""Of the write-ahead log so much is made at once; a recovery needs one."""


@dataclass
class DiskWatch:
    """The disk of one cluster. What it refused is remembered in a file too: the next `baton up` looks as well."""

    home: Path
    folder: Path
    binaries: Path
    owner: Owner | None
    no_room: bool = False
    refused: bool = False

    @property
    def wal(self) -> Path:
        """Where the write-ahead log lies; often a volume of its own."""
        return self.folder / "pg_wal"

    @property
    def mark(self) -> Path:
        """The file that says that the disk refused something and nobody has looked since."""
        return self.home / "disk-refused"

    def explain(self, line: str) -> str:
        """What a line of its log says of the disk, as the reason why it stops; empty for all others."""
        if NO_ROOM.search(line):
            self.no_room = True
            return self._full()
        if found := REFUSED.search(line):
            self.refused = True
            with contextlib.suppress(OSError):  # it may be on that very disk; this process remembers
                self.mark.touch()
            return f"its disk failed ({found[1]}). Its files are checked before it starts again"
        return ""

    def before_start(self, say: Callable[[str], None]) -> None:
        """Blocking: let it start, or PartHeld while the disk takes no writes, PartFailed when files are damaged."""
        if self.no_room and _free(self.wal) < SEGMENT:
            raise PartHeld(self._full())
        self.no_room = False
        if not (self.refused or self.mark.exists()):
            return
        for folder in (self.folder, self.wal):
            _require_writable(folder)
        say("postgres is checked before it starts, since its disk had failed")
        self._recover()
        self._verify()
        self.mark.unlink(missing_ok=True)
        self.refused = False
        say("postgres was checked: its disk takes writes again, and all its files are whole")

    def _full(self) -> str:
        needed = f"{SEGMENT >> 20} MB are free"
        return (
            f"no room is left for its write-ahead log in {self.wal}. It starts by itself once {needed}; nothing is lost"
        )

    def _recover(self) -> None:
        """Bring the files to the end of the write-ahead log with nobody connected: only what is closed is checked."""
        done = self._run("postgres", "--single", "-D", str(self.folder), "template1")
        said = _last(done.stderr)
        if done.returncode != 0 and (self.explain(said) or not said):
            raise PartHeld(f"it cannot be brought back on that disk ({said})")
        if done.returncode != 0:
            raise PartFailed(self._damaged(said))

    def _verify(self) -> None:
        """Read every page and compare its checksum."""
        checked = self._run("pg_checksums", "--check", "-D", str(self.folder))
        if checked.returncode != 0:
            raise PartFailed(self._damaged((checked.stderr or checked.stdout).strip().splitlines()[0]))

    def _damaged(self, said: str) -> str:
        return (
            f"postgres is not started: after its disk failed, its files in {self.folder} are damaged ({said}). "
            "Stop Baton and restore the last backup on a sound disk: baton restore FOLDER --over --reason TEXT "
            "(docs/backup.md)"
        )

    def _run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return postgres_user.run_as(self.owner, [str(self.binaries / program), *arguments], cwd=self.home)


def _free(folder: Path) -> int:
    """The bytes that an ordinary user can still write there."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def _require_writable(folder: Path) -> None:
    """PartHeld unless a file can be written there and brought to the disk."""
    probe = folder / "baton.probe"
    try:
        with probe.open("wb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as fault:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
        raise PartHeld(
            f"its disk takes no writes in {folder} ({fault.strerror}). It starts by itself, checked, once it does; "
            "if the disk is lost, restore the last backup on another one"
        ) from fault


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line] or text.splitlines()
    return lines[-1] if lines else ""
