"""Plays the runs of a sweep: an intent each, several at once, until each item has come to rest."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlmodel import col, func, select

from baton.sweep.cast import Cast
from baton.sweep.judge import Accepted, Ledger
from baton.sweep.plan import Run
from baton.sweep.records import Records
from baton.sweep.report import Played, Report, beginning
from baton.sweep.stage import Stage
from baton.sweep.tower import Tower
from core.work_item import FINAL, NEEDS_PERSON
from records.work_item import WorkItem
from systems.registry import operation_of
from workflows.acts import QUEUE
from workflows.work_item import ItemStart, WorkItemWorkflow

PATIENCE = 300.0
"""An item that has not come to rest by then makes room for the next one."""
LAST_PATIENCE = 900.0
"""At the end everything is waited for; what moves still is judged as it stands."""
LOOK_EVERY = 0.4
TRIES = 8
"""How often a blow that found nobody (a bot that has no browser yet) is played again, each time with another intent."""


class Player:
    """Plays runs on a stage, and judges them; what `report` holds already was judged on another."""

    def __init__(self, stage: Stage, tower: Tower, records: Records, cast: Cast, report: Report) -> None:
        self._stage = stage
        self._database, self._client = stage.database, stage.client
        self._tower = tower
        self._records = records
        self._cast = cast
        self._report = report
        self._earlier = list(report.strangers)
        self._moving: dict[uuid.UUID, asyncio.Future[None]] = {}
        self._accepted: dict[int, list[Accepted]] = {}

    async def play(self, runs: Iterable[Run], lanes: int, heard: Callable[[Played], None]) -> None:
        """All runs, `lanes` at a time; `heard` is told each that has ended.

        A blow that found nobody is played again at the end, when the bots are warm and nothing else strikes them.
        """
        left = iter(runs)
        missed: list[Run] = []

        async def lane() -> None:
            for run in left:
                heard(await self._run(run))
                if self._report.played[run.number].missed:
                    missed.append(run)

        looking = asyncio.create_task(self._look_around())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
            for run in [run for run in missed for _ in range(TRIES)]:
                if self._report.played[run.number].missed:
                    heard(await self._run(run))
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def rest(self) -> None:
        """Wait until everything has come to rest."""
        until = time.monotonic() + LAST_PATIENCE
        moving = select(func.count()).select_from(WorkItem).where(col(WorkItem.state).not_in(FINAL | NEEDS_PERSON))
        while time.monotonic() < until:
            async with self._database.session() as session:
                if (await session.exec(moving)).one() == 0:
                    return
            await asyncio.sleep(LOOK_EVERY)

    async def judge(self, *, at_rest: bool = False) -> None:
        """Hold every run of this stage against the ledgers, as the items stand now."""
        report = self._report
        async with self._database.session() as session:
            items = {one.reference: one for one in await session.exec(select(WorkItem))}
        ledger = Ledger(await self._stage.ledger())  # after the items: what is done by then is in it
        for number, intents in self._accepted.items():
            if number not in report.played:
                continue
            verdicts = [ledger.judge(_as_of(one, items.get(one.reference)), at_rest=at_rest) for one in intents]
            report.played[number] = report.played[number].model_copy(
                update={
                    **_end(items.get(report.played[number].reference)),
                    "lost": "; ".join(verdict.lost for verdict in verdicts if verdict.lost),
                    "duplicated": "; ".join(verdict.duplicated for verdict in verdicts if verdict.duplicated),
                    "wrong": "; ".join(verdict.wrong for verdict in verdicts if verdict.wrong),
                }
            )
        report.strangers = [*self._earlier, *ledger.strangers(items.keys())]

    async def _run(self, run: Run) -> Played:
        """One run with one intent, noted in the report."""
        began = time.monotonic()
        target, role = run.target, self._cast[run.target.system][run.target.operation]
        intent = target.intent(role, await self._records.fresh(target), run.number)
        if run.blow is not None:
            self._tower.arm(intent.id, target.system, run.blow)
        await self._client.start_workflow(
            WorkItemWorkflow.run, ItemStart(intent=intent), id=f"item/{intent.id}", task_queue=QUEUE
        )
        item = await self._rested(intent.id)
        entry = operation_of(target.system, target.operation).entry.model_validate(intent.content)
        accepted = Accepted(
            target.system,
            target.operation,
            intent.target_key,
            entry,
            item.reference if item else "",
            item.state if item else None,
            role.gives_key,
            role.ledger,
        )
        self._accepted.setdefault(run.number, []).append(accepted)
        played = self._report.played[run.number] = Played(
            **beginning(run),
            fell=run.blow is not None and self._tower.fell(intent.id),
            item=str(intent.id),
            key=intent.target_key,
            seconds=round(time.monotonic() - began, 1),
            **_end(item),
        )
        return played

    async def _rested(self, item_id: uuid.UUID) -> WorkItem | None:
        """The item once nothing moves any more without a person, or as it stands when patience is over."""
        rested = self._moving[item_id] = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(rested, PATIENCE)
        del self._moving[item_id]
        async with self._database.session() as session:
            return await session.get(WorkItem, item_id)

    async def _look_around(self) -> None:
        """Tell every run whose item has come to rest."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            resting = select(WorkItem.id).where(
                col(WorkItem.id).in_(list(self._moving)), col(WorkItem.state).in_(FINAL | NEEDS_PERSON)
            )
            async with self._database.session() as session:
                for item_id in await session.exec(resting):
                    rested = self._moving.get(item_id)
                    if rested is not None and not rested.done():
                        rested.set_result(None)


def _end(item: WorkItem | None) -> dict[str, Any]:
    if item is None:
        return {}
    return {
        "reference": item.reference,
        "state": item.state.value,
        "code": item.code,
        "adopted": item.adopted,
        "attempts": item.attempts,
        "doubted": item.doubts > 0,
    }


def _as_of(one: Accepted, item: WorkItem | None) -> Accepted:
    return one if item is None else replace(one, state=item.state)
