"""Browsers that outlived their worker: each is written down when it starts, and ended before a new worker begins."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bots.kit.processes import kill_tree, lives, started_at, this_boot, this_host

log = structlog.get_logger(__name__)


class BrowserNote(BaseModel):
    """What is written down about a running browser: who it is, whose it is, and the folders that are its own."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot_id: str
    pid: int
    started: float
    owner_pid: int
    owner_started: float
    scratch: str = ""
    profile: str = ""


def is_dead(host: str, boot_id: str, pid: int, started: float) -> bool | None:
    """Whether that browser is surely dead; None when it ran on another host and nobody here can tell."""
    if host != this_host():
        return None
    return boot_id != this_boot() or not lives(pid, started)


async def kill_browser(pid: int, started: float) -> None:
    """End a browser of this host with its whole tree; returns when it is dead, else raises BrowserInDoubt."""
    await kill_tree(pid, started)


def write_down(folder: Path, pid: int, started: float, scratch: Path, profile: str) -> Path:
    """Note a browser that just started; the file to be passed to `strike_off` at its end."""
    note = BrowserNote(
        host=this_host(),
        boot_id=this_boot(),
        pid=pid,
        started=started,
        owner_pid=os.getpid(),
        owner_started=started_at(os.getpid()) or 0.0,
        scratch=str(scratch),
        profile=profile,
    )
    file = folder / f"{pid}.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(note.model_dump_json(), encoding="utf-8")
    fresh.replace(file)
    return file


def strike_off(file: Path) -> None:
    """Forget a browser that is dead, and remove what it left in its folders."""
    try:
        note = BrowserNote.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValidationError:
        log.warning("browser.note_unreadable", file=file.name)
    else:
        _remove(note)
    file.unlink(missing_ok=True)


async def kill_leftovers(folder: Path) -> int:
    """End every browser of this host whose worker is dead; how many still lived. Call it before polling for work."""
    killed = 0
    for file, note in _notes(folder):
        if note.host != this_host() or _owner_lives(note):
            continue
        if is_dead(note.host, note.boot_id, note.pid, note.started) is False:
            await kill_tree(note.pid, note.started)
            log.warning("browser.leftover_killed", pid=note.pid)
            killed += 1
        await asyncio.to_thread(strike_off, file)
    return killed


def _notes(folder: Path) -> list[tuple[Path, BrowserNote]]:
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            found.append((file, BrowserNote.model_validate_json(file.read_text(encoding="utf-8"))))
        except (ValidationError, FileNotFoundError):
            log.warning("browser.note_unreadable", file=file.name)
    return found


def _owner_lives(note: BrowserNote) -> bool:
    return note.boot_id == this_boot() and lives(note.owner_pid, note.owner_started)


def _remove(note: BrowserNote) -> None:
    """A killed browser cannot tidy up; only folders that are plainly a browser's own are touched."""
    if note.scratch:
        shutil.rmtree(note.scratch, ignore_errors=True)
    profile = Path(note.profile)
    if profile.parent == Path(tempfile.gettempdir()) and profile.name.startswith("playwright_"):
        shutil.rmtree(profile, ignore_errors=True)
