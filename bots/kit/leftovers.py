"""What outlived its bot process: browsers, a driver, temporary files, the last frame of a job; ended before polling."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import psutil
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bots.kit.processes import kill_tree, lives, started_at, this_boot, this_host
from bots.kit.run_folder import Abandoned, abandoned, clear_half_made

log = structlog.get_logger(__name__)


class BrowserNote(BaseModel):
    """What is written down about a running browser: who it is, and the folders that are its own."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot_id: str
    pid: int
    started: float
    scratch: Path
    profile: Path | None = None


class LastFrame(BaseModel):
    """What the screen showed last in a job whose bot process died: in which browser, when, and the picture's file."""

    model_config = ConfigDict(frozen=True)

    browser: BrowserNote
    taken_at: datetime
    picture: Path

    def forget(self) -> None:
        """Remove it, once it is kept elsewhere."""
        self.picture.unlink(missing_ok=True)
        self.picture.with_suffix(".json").unlink(missing_ok=True)


def write_down(folder: Path, pid: int, started: float, scratch: Path, profile: Path | None) -> Path:
    """Note a browser that just started; the file to be passed to `strike_off` at its end."""
    note = BrowserNote(
        host=this_host(), boot_id=this_boot(), pid=pid, started=started, scratch=scratch, profile=profile
    )
    file = folder / f"browser-{pid}.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(note.model_dump_json(), encoding="utf-8")
    fresh.replace(file)
    return file


def strike_off(file: Path) -> None:
    """Forget a browser that is dead, and remove what it left in its folders: a killed browser cannot tidy up."""
    note = _read(file)
    if note is not None:
        for folder in (note.scratch, note.profile):
            if folder is not None and folder.is_relative_to(file.parent):
                shutil.rmtree(folder, ignore_errors=True)
    frame_of(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def frame_of(note: Path) -> Path:
    """Where the last frame of the job in that browser lies, while there is a job."""
    return note.with_suffix(".frame")


async def clear_up(browsers: Path) -> int:
    """End everything of this host whose bot process is dead, with all its files; how many processes still lived.

    Call it before polling for work; last frames of jobs stay, for `last_frames`. Raises BrowserInDoubt when something
    does not die.
    """
    killed = 0
    with abandoned(browsers) as folders:
        for folder in folders:
            if folder.same_boot:
                killed += await _end(folder)
            await asyncio.to_thread(_put_away, folder.path, browsers)
    await asyncio.to_thread(clear_half_made, browsers)
    return killed


def last_frames(browsers: Path) -> list[LastFrame]:
    """The last frames of jobs whose process died; each stays until it is forgotten."""
    pictures = sorted(browsers.glob("lost-*.frame"))
    read = [(picture, _read(picture.with_suffix(".json"))) for picture in pictures]
    return [
        LastFrame(browser=note, taken_at=datetime.fromtimestamp(picture.stat().st_mtime, UTC), picture=picture)
        for picture, note in read
        if note is not None
    ]


async def _end(folder: Abandoned) -> int:
    """Kill what still lives of a dead process: noted browsers, and whatever names its folder (a driver, a launch)."""
    killed = 0
    noted = {(note.pid, note.started) for _, note in _notes(folder.path)}
    for pid, started in noted | await asyncio.to_thread(_naming, folder.path):
        if lives(pid, started):
            await kill_tree(pid, started)
            log.warning("browser.leftover_killed", pid=pid)
            killed += 1
    return killed


def _naming(folder: Path) -> set[tuple[int, float]]:
    """The processes that were started with this folder: a browser by its profile, a driver by its temporary folder."""
    found = set()
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "run-driver" in words:
                words = [*words, process.environ().get("TMPDIR", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        started = started_at(process.pid)
        if started is not None and process.pid != os.getpid() and any(str(folder) in word for word in words):
            found.add((process.pid, started))
    return found


def _put_away(folder: Path, browsers: Path) -> None:
    """Remove the folder; only a job's last frame outlives it, with the note of its browser."""
    for file, _ in _notes(folder):
        if frame_of(file).exists():
            kept = browsers / f"lost-{folder.name}-{file.stem}.json"
            file.rename(kept)
            frame_of(file).rename(frame_of(kept))
    shutil.rmtree(folder, ignore_errors=True)


def _notes(folder: Path) -> list[tuple[Path, BrowserNote]]:
    read = [(file, _read(file)) for file in sorted(folder.glob("browser-*.json"))]
    return [(file, note) for file, note in read if note is not None]


def _read(file: Path) -> BrowserNote | None:
    try:
        return BrowserNote.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError:
        log.warning("browser.note_unreadable", file=file.name)
        return None
