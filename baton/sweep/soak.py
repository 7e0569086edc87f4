"""`baton soak`: many jobs, a share of them struck down, and a look at what is left on the machine afterwards."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from baton.sweep.cast import NotInTheCast, Target
from baton.sweep.command import INTERRUPTED, Sweep, Wanted, play
from baton.sweep.hygiene import Inspector
from baton.sweep.plan import BOT_POINTS, Blow, Run, screen_pairs
from baton.sweep.report import OtherSweep

TEMP_LIMIT_MB = 50.0


@dataclass(frozen=True)
class SoakPlan:
    """Jobs over all operations in turn; every so many of them is killed, each time somewhere else."""

    seed: int
    targets: Sequence[Target]
    share: float

    def run(self, number: int) -> Run:
        """The job of that number, from 1."""
        target = self.targets[number % len(self.targets)]
        killed = int(number * self.share)
        if killed == int((number - 1) * self.share):
            return Run(number, target, None)
        dice = random.Random(f"{self.seed}/{number}")
        pairs = screen_pairs() if target.route == "bot" else [(point, "bot") for point in BOT_POINTS]
        point, victim = pairs[(killed + dice.randrange(len(self.targets))) % len(pairs)]
        return Run(number, target, Blow(point, victim, "kill"))


async def soak(jobs: int, share: float, seed: int | None, json_file: Path | None, bots: int) -> int:
    """Run it; 0 only when nothing is lost, twice or wrong, and nothing is left."""
    screen, inspector = Console(), Inspector()
    try:
        one = Sweep(
            Wanted(jobs, seed=seed, bots=bots),
            screen,
            lambda seed, targets: SoakPlan(seed, targets, share),
            [inspector],
        )
    except (NotInTheCast, OtherSweep) as trouble:
        screen.print(str(trouble), soft_wrap=True, markup=False)
        return 2
    status = await play(one, screen)
    if status == INTERRUPTED:
        return status
    found, sums = inspector.found, one.report.sums
    screen.print(
        f"{found.orphans} browsers or drivers without a bot, {found.temp_growth_mb:g} MB of temporary files more, "
        f"{sums.runs / max(one.report.seconds, 1) * 60:.0f} jobs a minute; memory of a bot that nobody killed: "
        f"{found.rss_first_mb:g} MB after its warm-up, {found.rss_last_mb:g} MB {found.watched_seconds:.0f} s later, "
        f"{found.rss_slope_mb_per_hour:+g} MB an hour",
        soft_wrap=True,
    )
    if json_file is not None:
        told = {**sums.model_dump(), **found.model_dump(), "seed": one.report.seed, "seconds": one.report.seconds}
        await asyncio.to_thread(json_file.write_text, json.dumps(told, indent=1) + "\n", encoding="utf-8")
    clean = found.orphans == 0 and found.temp_growth_mb < TEMP_LIMIT_MB
    return status or (0 if clean else 1)
