"""`baton sweep`: kills and pauses at every named point, over every operation and route, with the ledger as judge."""

import asyncio
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from baton.part_log import Terminal
from baton.sweep import cast as casting
from baton.sweep.cast import NotInTheCast
from baton.sweep.plan import Plan, Run
from baton.sweep.player import Player
from baton.sweep.records import Records
from baton.sweep.report import OtherSweep, Played, Report, begun, seed_of
from baton.sweep.stage import LEASE, Stage, Wishes
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


class Sweep:
    """One sweep, from its first part to its last judgement."""

    def __init__(self, wanted: Wanted, screen: Console) -> None:
        self._wanted = wanted
        self._screen = screen
        kept = seed_of(wanted.json_file)
        self._seed = next(one for one in (wanted.seed, kept, random.randrange(1, 1_000_000)) if one is not None)
        self._bots = wanted.bots or min(4, max(2, os.cpu_count() or 2))
        self.report = begun(wanted.json_file, self._seed, wanted.runs)
        self._cast = casting.read()
        self._plan = Plan(self._seed, casting.targets(self._cast))

    @property
    def left(self) -> list[Run]:
        """The runs that were not played yet."""
        if self._wanted.only is not None:
            return [self._plan.run(self._wanted.only)]
        numbers = range(1, self._wanted.runs + 1)
        return [self._plan.run(number) for number in numbers if number not in self.report.played]

    async def play(self) -> None:
        """Bring everything up, play what is left, and take it down again."""
        runs = self.left
        self._screen.print(
            f"Sweep with seed {self._seed}: {len(runs)} of {self._wanted.runs} runs to play, "
            f"{self._bots} bot processes. Starting PostgreSQL, Temporal, the demo systems, worker and bots ...",
            soft_wrap=True,
        )
        folder = _fresh_folder()
        records = Records(self._cast, casting.targets(self._cast), 2 * len(runs) + 20)
        began = time.monotonic()
        before = self.report.seconds
        with (folder / "sweep.log").open("a", encoding="utf-8") as log:
            stage = Stage(Wishes(folder, self._bots, records.orders(), folder / "t"), Terminal(out=log))
            try:
                await self._on(stage, records, runs)
            finally:
                self.report.seconds = before + time.monotonic() - began
                await asyncio.shield(stage.stop())
                self._keep()
                self._tidy(stage)

    def _tidy(self, stage: Stage) -> None:
        if self.report.well:
            stage.remove()
        else:
            self._screen.print(f"What happened is kept in {stage.folder.path}: logs, evidence, ledgers.")

    async def _on(self, stage: Stage, records: Records, runs: list[Run]) -> None:
        await stage.start()
        tower = Tower(stage.folder.path / "t", stage.database, stage.desks, LEASE)
        player = Player(stage, tower, records, self._cast, self.report)
        await tower.open()
        judging = asyncio.create_task(self._judge_now_and_then(player))
        try:
            await player.play(iter(runs), INTENTS_FOR_A_BOT * self._bots, self._tell)
            await tower.quiet()
            await asyncio.sleep(LEASE)  # whoever was paused last has woken up and had its say
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
            await tower.close()
            await player.judge()
            await stage.database.close()

    async def _judge_now_and_then(self, player: Player) -> None:
        while True:
            await asyncio.sleep(JUDGE_EVERY)
            await player.judge()
            self._keep()

    def _keep(self) -> None:
        if self._wanted.json_file is not None:
            self.report.write(self._wanted.json_file)

    def _tell(self, played: Played) -> None:
        done = len(self.report.played)
        self._screen.print(
            f"{done}/{self._wanted.runs}  run {played.run}: {played.words}", soft_wrap=True, markup=False
        )


async def sweep(wanted: Wanted, screen: Console | None = None) -> int:
    """Run it; 0 only when nothing was lost, nothing entered twice and no record is wrong."""
    screen = screen or Console()
    try:
        one = Sweep(wanted, screen)
    except (NotInTheCast, OtherSweep) as trouble:
        screen.print(str(trouble), soft_wrap=True, markup=False)
        return 2
    playing = asyncio.current_task()
    assert playing is not None
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, playing.cancel)
    try:
        await one.play()
    except TROUBLE as trouble:
        screen.print(f"The sweep could not start: {trouble}", markup=False)
        return 1
    except asyncio.CancelledError:
        screen.print(f"Stopped after {len(one.report.played)} runs; the same command with --json goes on from here.")
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


def _fresh_folder() -> Path:
    """A short path, for sockets, that PostgreSQL's own user can reach too."""
    folder = Path(tempfile.mkdtemp(prefix="baton-sweep-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108
    folder.chmod(0o755)
    shutil.rmtree(folder / "t", ignore_errors=True)
    return folder
