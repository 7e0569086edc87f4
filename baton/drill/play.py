"""Plays one drill on a stage: entries in flight, an outage, its end, and everything at rest."""

import asyncio
import itertools
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
from sqlmodel import col, func, select
from temporalio.client import Client

from baton.drill import measure, modes
from baton.drill.entries import Part, Planned
from baton.drill.measure import Course
from baton.drill.runner import Says
from baton.drill.staff import Staff
from baton.sweep.stage import Stage
from core import clock
from core.work_item import FINAL, NEEDS_PERSON, State
from records.drill import Report
from records.operation_holds import OperationHold
from records.work_item import WorkItem
from systems.drills import Mode
from workflows.acts import QUEUE
from workflows.work_item import ItemStart, WorkItemWorkflow

STARTS_AT_ONCE = 8
LOOK_EVERY = 1.0
TELL_EVERY = 15.0
UNNOTICED = 300.0
"""An outage that was too short for anybody to meet it comes again, until it is noticed or so many seconds are over."""
STANDSTILL = 600.0
"""Longer than the longest wait there is (a settle window of a slow system, a look, a probe), on a busy machine too."""
TURNS = 20
"""No more entries than that for each record, however fast the bots are."""


@dataclass(frozen=True)
class Wanted:
    """How a person wants it: which outage, for how long, with how many entries in flight.

    `patience`: seconds after the outage until what does not rest is judged as it stands; `promised`: within so many
    seconds an entry is to be in, or with a person.
    """

    system: str
    mode: Mode
    minutes: float = 2.0
    items: int = 300
    patience: float = 2400.0
    promised: float = 3600.0


class Play:
    """One drill, once its stage is up; `says` is told how it goes on."""

    def __init__(self, wanted: Wanted, part: Part, stage: Stage, says: Says) -> None:
        self._wanted = wanted
        self._part = part
        self._stage = stage
        self._says = says
        self._course = Course(part)
        self._staff = Staff(stage.database, stage.client, says)

    async def play(self, keys: list[str]) -> Report:
        """Everything, from the first entry to the last; what it showed."""
        began = time.monotonic()
        self._course.before = await self._written()  # the records that the entries are about
        await self._hand_in(keys)
        await self._outage()
        await self._rest()
        rows = await self._stage.ledger()
        seen = await measure.look(self._stage.database)
        wanted = self._wanted
        return Report(
            system=wanted.system,
            mode=wanted.mode,
            minutes=wanted.minutes,
            items=len(self._course.planned),
            keys=len(keys),
            seconds=round(time.monotonic() - began, 1),
            **measure.figures(self._course, self._staff.met, seen, rows, timedelta(seconds=wanted.promised)),
        )

    async def _hand_in(self, keys: list[str]) -> None:
        """Entries for every record in turns, until so many are on their way at once."""
        for turn in itertools.islice(self._part.turns(keys, TURNS * len(keys)), TURNS):
            planned = turn[: max(1, self._wanted.items - await self._moving())]
            self._course.planned += planned
            await start(self._stage.client, planned)
            await self._all_known()
            if await self._moving() >= self._wanted.items:
                return

    async def _outage(self) -> None:
        seconds = self._wanted.minutes * 60
        await self._says(f"{await self._words()}. Now {self._wanted.system} is led astray: {self._wanted.mode.value}.")
        began = time.monotonic()
        self._course.began = clock.now()
        while True:
            start_of_it = time.monotonic()
            for step in modes.steps(self._wanted.mode, seconds):
                await self._watch(start_of_it + step.after)
                await self._switch(step.switches)
            await self._watch(start_of_it + seconds)
            await self._mend()
            if await self._noticed() or time.monotonic() - began > UNNOTICED:
                break
        self._course.back = clock.now()
        await self._says(f"{await self._words()}. {self._wanted.system} is as it was.")

    async def _written(self) -> int:
        """The last line of the system's ledger."""
        return max(
            (row["seq"] for row in await self._stage.ledger() if row["system"] == self._wanted.system), default=0
        )

    async def _noticed(self) -> bool:
        """Whether anything is, or was, held because of it."""
        async with self._stage.database.session() as session:
            return (await session.exec(select(func.count()).select_from(OperationHold))).one() > 0

    async def _mend(self) -> None:
        """Everything back to normal, as soon as the system can be asked for it."""
        while True:
            try:
                await self._switch({"reset": True})
            except httpx.TransportError:
                await asyncio.sleep(LOOK_EVERY / 4)
            else:
                return

    async def _rest(self) -> None:
        """Until everything has ended, people's part done; or nothing moves any more; or patience is over."""
        until = time.monotonic() + self._wanted.patience
        moved = told = time.monotonic()
        before = ""
        while time.monotonic() < min(until, moved + STANDSTILL):
            await self._staff.work()
            if not await self._moving():
                return
            await asyncio.sleep(LOOK_EVERY)
            words = await self._words()
            if words != before:
                before, moved = words, time.monotonic()
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                await self._says(f"{words}.")

    async def _watch(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, TELL_EVERY))
            await self._says(f"{await self._words()}.")

    async def _switch(self, switches: dict[str, object]) -> None:
        url = f"{self._stage.desks[self._wanted.system]}/faults"
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            (await client.post(url, json=switches)).raise_for_status()

    async def _all_known(self) -> None:
        """Until each has its row: who comes later stands behind it."""
        while True:
            async with self._stage.database.session() as session:
                known = (await session.exec(select(func.count()).select_from(WorkItem))).one()
            if known >= len(self._course.planned):
                return
            await asyncio.sleep(LOOK_EVERY / 4)

    async def _moving(self) -> int:
        resting = FINAL | NEEDS_PERSON
        asked = select(func.count()).select_from(WorkItem).where(col(WorkItem.state).not_in(resting))
        async with self._stage.database.session() as session:
            return (await session.exec(asked)).one()

    async def _words(self) -> str:
        """How everything stands, on one line."""
        asked = select(WorkItem.state, col(WorkItem.held_behind).is_not(None), func.count()).group_by(
            col(WorkItem.state), col(WorkItem.held_behind).is_not(None)
        )
        async with self._stage.database.session() as session:
            found = list(await session.exec(asked))
        done = sum(count for state, _, count in found if state is State.DONE)
        person = sum(count for state, _, count in found if state in NEEDS_PERSON)
        held = sum(count for state, held, count in found if held and state is State.READY)
        unknown = sum(count for state, _, count in found if state is State.UNKNOWN)
        moving = sum(count for *_, count in found) - done - person - held - unknown
        return f"{done} in, {moving} under way, {held} in line, {unknown} unknown, {person} with a person"


async def start(client: Client, planned: list[Planned]) -> None:
    """Have these entries begun, a few at a time."""
    one_by_one = iter(planned)

    async def lane() -> None:
        for one in one_by_one:
            begins, id_ = ItemStart(intent=one.intent), f"item/{one.intent.id}"
            await client.start_workflow(WorkItemWorkflow.run, begins, id=id_, task_queue=QUEUE)

    await asyncio.gather(*(lane() for _ in range(STARTS_AT_ONCE)))
