"""Comparing what the records hold open with what Temporal carries: what is gone shows, and what belongs to no case
goes on by itself.

Nothing is concluded while Temporal does not answer. Temporal is asked for a list of what runs, and about one process
only where it is missing there, or is seen for the first time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from core import clock
from fallbacks.relay import EngineAway
from records import processes, recovering
from records.database import Database
from records.gone import Became, Fate, GoneProcess, ProcessKind
from records.processes import Process

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

SETTLED = timedelta(seconds=10)
"""A process that began no longer ago may not stand in Temporal's list yet."""
ASKED = 5000
"""How many are asked about in one beat: a whole database that vanished is seen within a minute all the same."""
LATELY = timedelta(minutes=2)
"""Temporal's lists follow behind: what was terminated is asked for again from so long before the beat before."""
FIRST = timedelta(days=1)
"""So far the first beat looks back."""
AT_ONCE = 20
"""So many questions are on their way together."""
BY_ITSELF = frozenset({ProcessKind.ITEM, ProcessKind.HANDOFF, ProcessKind.LOOK_UP})
"""What goes on by itself: nobody decides about it, and it looks before it does anything. A case's entry goes on
through its case, which knows how it wants it."""
BATON = "baton"
WHY = "ended outside Baton"


class Engine(Protocol):
    """Temporal, as far as it carries our processes. Every call raises EngineAway when it does not answer."""

    async def running(self) -> Mapping[str, str]:
        """The workflow ids that run now, each with the id of its run."""

    async def terminated(self, since: datetime) -> set[str]:
        """The workflow ids of which a run was terminated since then; a reset terminates the run before."""

    async def became(self, workflow_id: str) -> Fate | None:
        """What became of it; None when it runs."""

    async def was_reset(self, workflow_id: str) -> Fate | None:
        """Who reset what runs now, if somebody did; ends it then: it would do again what is done."""


class GoneProcesses:
    """One beat of the comparison; what it has seen well lives in the memory of the process that does the beats."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._known_runs: set[str] = set()
        self._missed: dict[str, Fate] = {}
        self._looked_at: datetime | None = None

    async def run_once(self, now: datetime) -> int:
        """Compare once; how many are newly gone, or were carried on."""
        async with self._database.session() as session:
            open_now = await processes.open_since(session, now - SETTLED)
            known = await processes.gone(session)
        try:
            running = await self._engine.running()
            found = await self._became(_new(open_now, running, known))
            reset = await self._resets(open_now, running, await self._suspects(known))
        except EngineAway:
            return 0
        found += reset
        still = {process.workflow_id for process, _ in found}
        async with self._database.session() as session:
            there = {process.workflow_id for process in open_now} & running.keys() - still
            names = {one.workflow_id for one in known}
            ended = names - {process.workflow_id for process in open_now}
            await processes.note_back(session, sorted(there & names | ended), now)
            for process, fate in reset:
                if process.kind in BY_ITSELF:  # whatever becomes of it, somebody did this
                    await processes.note_outside(session, process, fate, now)
        return await self._note(found, now)

    async def _suspects(self, known: Sequence[GoneProcess]) -> set[str]:
        """What may run by a reset: what is known as gone, and of what a run was terminated lately."""
        began = clock.now()
        since = self._looked_at - LATELY if self._looked_at else began - FIRST
        terminated = await self._engine.terminated(since)
        self._looked_at = began
        return terminated | {one.workflow_id for one in known}

    async def _became(self, missing: Sequence[Process]) -> list[tuple[Process, Fate]]:
        asked = missing[:ASKED]
        answers = await _each(self._engine.became, asked)
        return [(process, what) for process, what in zip(asked, answers, strict=True) if what is not None]

    async def _resets(
        self, open_now: Sequence[Process], running: Mapping[str, str], suspects: set[str]
    ) -> list[tuple[Process, Fate]]:
        """What runs by a reset. Only a case never begins another run by itself; of all else the suspects are asked."""
        asked_for = [one for one in open_now if one.kind is ProcessKind.CASE or one.workflow_id in suspects]
        runs = {one.workflow_id: running.get(one.workflow_id, "") for one in asked_for}
        self._known_runs &= set(runs.values())
        new = [one for one in asked_for if (run := runs.get(one.workflow_id)) and run not in self._known_runs]
        asked = new[:ASKED]
        answers = list(zip(asked, await _each(self._engine.was_reset, asked), strict=True))
        self._known_runs |= {runs[process.workflow_id] for process, fate in answers if fate is None}
        return [(process, fate) for process, fate in answers if fate is not None]

    async def _note(self, found: Sequence[tuple[Process, Fate]], now: datetime) -> int:
        """Keep what is gone; what goes on by itself, and was missed twice, goes on."""
        cases = {process.case_id for process, _ in found if process.kind is ProcessKind.CASE}
        alone = [
            one for one in found if one[0].kind in BY_ITSELF and (not one[0].case_id or one[0].case_id not in cases)
        ]
        again = [process for process, _ in alone if process.workflow_id in self._missed]
        before = self._missed
        self._missed = {one.workflow_id: fate for one, fate in alone if one.workflow_id not in before}
        async with self._database.session() as session:
            shown = [one for one in found if one[0].kind not in BY_ITSELF]
            count = await processes.note_gone(session, shown, now)
            gone_cases = {one.case_id for one in await processes.gone(session)}
            for process in again:
                if process.case_id is None or process.case_id not in gone_cases:
                    count += await _goes_on(session, process, before[process.workflow_id], now)
        if count:
            log.warning("processes.gone", count=count)
        return count


async def _goes_on(session: AsyncSession, process: Process, fate: Fate, now: datetime) -> bool:
    """Carry it on from its records; False when that is on its way already."""
    of_case = process.kind is ProcessKind.ITEM and process.case_id is not None
    begun = await (recovering.tell_case if of_case else recovering.begin_again)(session, process, now)
    if begun and fate.what is not Became.RESET:
        await processes.note_outside(session, process, fate, now)
    return begun


def _new(open_now: Sequence[Process], running: Mapping[str, str], known: Sequence[GoneProcess]) -> list[Process]:
    """What is missing and not known as gone: that is not asked about again, nor what belongs to a case that is."""
    names, cases = {one.workflow_id for one in known}, {one.case_id for one in known if one.case_id is not None}
    missing = processes.lost(open_now, running)
    return [one for one in missing if one.workflow_id not in names and one.case_id not in cases]


async def _each(ask: Callable[[str], Awaitable[Answer]], asked: Sequence[Process]) -> list[Answer]:
    """The answers about each, in their order."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(process: Process) -> Answer:
        async with gate:
            return await ask(process.workflow_id)

    return await asyncio.gather(*(one(process) for process in asked))
