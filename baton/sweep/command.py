"""`baton sweep`: kills and pauses at every named point, over every operation and route, with the ledger as judge."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console

from baton.part_log import Terminal
from baton.sweep import cast as casting
from baton.sweep.cast import NotInTheCast, Target
from baton.sweep.plan import Plan, Run
from baton.sweep.player import Player
from baton.sweep.records import Records
from baton.sweep.report import OtherSweep, Played, Report, begun, seed_of
from baton.sweep.stage import LEASE, Stage, fresh_folder
from baton.sweep.tower import Tower
from baton.up import TROUBLE

JUDGE_EVERY = 5.0
INTENTS_FOR_A_BOT = 3
"""Most of a run is waiting: for a lost lease, a settle window, a restart. Nobody needs a seat for that."""
INTERRUPTED = 130


@dataclass(frozen=True)
class Wanted:
    """How a person wants it swept."""

    runs: int
    seed: int | None = None
    json_file: Path | None = None
    only: int | None = None
    bots: int = 0


class Schedule(Protocol):
    """What happens in which run."""

    def run(self, number: int) -> Run:
        """The run of that number, from 1."""
        ...


class Watcher(Protocol):
    """Somebody who looks on from the first run to the last."""

    async def watch(self, stage: Stage, tower: Tower) -> None:
        """Look on; cancelled when the last run is over."""
        ...

    async def finish(self, stage: Stage) -> None:
        """Everything is at rest, and still up."""
        ...


class Sweep:
    """One sweep, from its first part to its last judgement."""

    def __init__(
        self,
        wanted: Wanted,
        screen: Console,
        schedule: Callable[[int, Sequence[Target]], Schedule] = Plan,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._wanted = wanted
        self._screen = screen
        self._watchers = watchers
        kept = seed_of(wanted.json_file)
        self._seed = next(one for one in (wanted.seed, kept, random.randrange(1, 1_000_000)) if one is not None)
        self._bots = wanted.bots or min(4, max(2, cores()))
        self.report = begun(wanted.json_file, self._seed, wanted.runs)
        self._cast = casting.read()
        self._targets = casting.targets(self._cast)
        self._schedule = schedule(self._seed, self._targets)

    @property
    def keeps(self) -> bool:
        """Whether it can go on later."""
        return self._wanted.json_file is not None

    @property
    def left(self) -> list[Run]:
        """The runs that were not played yet."""
        if self._wanted.only is not None:
            return [self._schedule.run(self._wanted.only)]
        numbers = range(1, self._wanted.runs + 1)
        return [self._schedule.run(number) for number in numbers if not self.report.is_played(number)]

    async def play(self) -> None:
        """Bring everything up, play what is left, and take it down again."""
        runs = self.left
        if not runs:
            return
        self._screen.print(
            f"Seed {self._seed}: {len(runs)} of {self._wanted.runs} runs to play, {self._bots} bot processes. "
            "Starting PostgreSQL, Temporal, the demo systems, worker and bots ...",
            soft_wrap=True,
        )
        folder, began, before = fresh_folder(), time.monotonic(), self.report.seconds
        with (folder / "sweep.log").open("a", encoding="utf-8") as log:
            stage = Stage(folder, self._bots, Terminal(out=log))
            # A blow that finds nobody takes another record: twice as many as runs is plenty.
            records = Records(self._cast, self._targets, 2 * len(runs) + 20, stage.post)
            try:
                await stage.start(records.seeds())
                self._screen.print(f"Everything is up after {time.monotonic() - began:.0f} s.")
                await self._on(stage, records, runs)
            finally:
                await asyncio.shield(stage.stop())
                self.report.seconds = before + time.monotonic() - began
                self._keep()
                self._tidy(stage)

    async def _on(self, stage: Stage, records: Records, runs: list[Run]) -> None:
        tower = Tower(stage.tower, stage.database, stage.desks, LEASE)
        player = Player(stage, tower, records, self._cast, self.report)
        await tower.open()
        besides = [self._judge_now_and_then(player), *(watcher.watch(stage, tower) for watcher in self._watchers)]
        tasks, at_rest = [asyncio.create_task(work) for work in besides], False
        try:
            await player.play(iter(runs), INTENTS_FOR_A_BOT * self._bots, self._tell)
            await tower.quiet()
            await player.rest()
            await asyncio.sleep(LEASE)  # whoever was paused last has woken up and had its say
            for watcher in self._watchers:
                await watcher.finish(stage)
            at_rest = True
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await tower.close()
            await player.judge(at_rest=at_rest)
            await stage.database.close()

    async def _judge_now_and_then(self, player: Player) -> None:
        while True:
            await asyncio.sleep(JUDGE_EVERY)
            await player.judge()
            self._keep()

    def _keep(self) -> None:
        if self._wanted.json_file is not None:
            self.report.write(self._wanted.json_file)

    def _tidy(self, stage: Stage) -> None:
        if self.report.well:
            stage.remove()
        else:
            self._screen.print(f"What happened is kept in {stage.folder.path}: logs, evidence, ledgers.")

    def _tell(self, played: Played) -> None:
        line = f"{len(self.report.played)}/{self._wanted.runs}  run {played.run}: {played.words}"
        self._screen.print(line, soft_wrap=True, markup=False)


def cores() -> int:
    """How many cores this process may use, which a container may have fewer of than its machine."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


async def sweep(wanted: Wanted) -> int:
    """Run it; 0 only when nothing was lost, nothing entered twice and no record is wrong."""
    screen = Console()
    try:
        one = Sweep(wanted, screen)
    except (NotInTheCast, OtherSweep) as trouble:
        screen.print(str(trouble), soft_wrap=True, markup=False)
        return 2
    return await play(one, screen)


async def play(one: Sweep, screen: Console) -> int:
    """Play it to its end, or until somebody stops it; the exit status."""
    playing = asyncio.current_task()
    assert playing is not None
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, playing.cancel)
    try:
        await one.play()
    except TROUBLE as trouble:
        screen.print(f"It could not start: {trouble}", markup=False)
        return 1
    except asyncio.CancelledError:
        goes_on = " The same command goes on from here." if one.keeps else ""
        screen.print(f"Stopped after {len(one.report.played)} runs.{goes_on}")
        _outcome(one.report, screen)
        return INTERRUPTED
    _outcome(one.report, screen)
    return 0 if one.report.well else 1


def _outcome(report: Report, screen: Console) -> None:
    sums = report.sums
    for line in _troubles(report):
        screen.print(line, soft_wrap=True, markup=False)
    screen.print(
        f"{sums.runs} runs, seed {report.seed}: {sums.lost} lost, {sums.duplicated} duplicated, "
        f"{sums.wrong_record} wrong record; {sums.unknown_resolved_by_probe} unknown resolved by a look, "
        f"{sums.to_person} with a person, {sums.waiting} waiting, {sums.missed} blows missed; {report.seconds:.0f} s",
        soft_wrap=True,
    )


def _troubles(report: Report) -> Iterator[str]:
    for number in sorted(report.played):
        one = report.played[number]
        if one.trouble:
            yield f"RUN {number}: {one.trouble}. {one.words}. Item {one.item}, reference {one.reference}."
            yield f"    again: baton sweep --seed {report.seed} --only {number}"
    for stranger in report.strangers:
        yield f"In the ledger, and nobody asked for it: {stranger}"
