"""Runs the drills that people ask for on a page: one process, with a stage of its own, that ends when we end."""

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from baton import ready
from baton.child import popen, told
from baton.parts import Part, Wave
from baton.stack import ROOT
from core import clock
from records import drills
from records.database import Database
from records.drill import Drill, DrillState, Report

Says = Callable[[str], Awaitable[None]]
"""Who is told, a sentence at a time, how a drill goes on."""
SILENT = timedelta(minutes=3)
"""A drill says something each quarter of a minute: one that says nothing for so long is gone."""
ROW = "BATON_DRILL_ROW"
"""Which drill on the console's page a process plays."""
_KEPT = ("BATON_DATABASE_URL", "BATON_BROWSER")
"""What a drill learns of this installation: where to report to, and nothing that leads to its systems."""


class Drills:
    """Starts what is asked for, and sees that it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: subprocess.Popen[bytes] | None = None

    async def run_once(self, now: datetime) -> int:
        """Look once; how many drills run or were started."""
        async with self._database.session() as session:
            wanted = await drills.open_one(session)
            if self._running is not None:
                await self._look_after(self._running, wanted)
            elif wanted is not None and wanted.state is DrillState.ASKED:
                self._running = _started(wanted)
            elif wanted is not None and now - (wanted.seen_at or wanted.asked_at) > SILENT:
                await drills.fail(session, wanted.id, "Its process is gone: the upkeep ended meanwhile.", now)
            return int(self._running is not None)

    async def _look_after(self, running: "subprocess.Popen[bytes]", wanted: Drill | None) -> None:
        status = running.poll()
        if status is None and wanted is None:
            running.terminate()
        if status is None:
            return
        self._running = None
        if wanted is not None:
            async with self._database.session() as session:
                await drills.fail(session, wanted.id, f"It could not be played: {told(status)}.", clock.now())


class Row:
    """What one drill writes of itself, for the page."""

    def __init__(self, database: Database, drill_id: uuid.UUID, screen: Says) -> None:
        self._database = database
        self._id = drill_id
        self._screen = screen

    async def says(self, sentence: str) -> None:
        """How it stands."""
        await self._screen(sentence)
        async with self._database.session() as session:
            await drills.says(session, self._id, sentence, clock.now())

    async def ended(self, report: Report) -> None:
        """What it showed."""
        async with self._database.session() as session:
            await drills.end(session, self._id, report, clock.now())


@contextlib.asynccontextmanager
async def row_of(url: str, drill_id: uuid.UUID, screen: Says) -> AsyncIterator[Row]:
    """The row that a drill reports to, in these records."""
    database = Database(url, pool_size=1)
    try:
        yield Row(database, drill_id, screen)
    finally:
        await database.close()


def command(asked: Drill) -> tuple[str, ...]:
    """How it is started."""
    how = ("--mode", asked.mode.value, "--minutes", f"{asked.minutes:g}", "--items", str(asked.items))
    return (sys.executable, "-m", "baton", "drill", asked.system, *how)


def surroundings(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without this installation's systems, mail, accounts and files."""
    return {name: value for name, value in given.items() if not name.startswith("BATON_") or name in _KEPT}


def _started(asked: Drill) -> "subprocess.Popen[bytes]":
    unasked = ready.said_so(Path(os.devnull))
    part = Part("drill", command(asked), unasked, Wave.WORKERS, cwd=ROOT, death_signal=signal.SIGTERM)
    return popen(part, {**surroundings(os.environ), ROW: str(asked.id)}, subprocess.DEVNULL)
