"""What evidence costs a job: `perform` on a screen of 200 ms with all of it, without the trace, and with none.

`python -m benchmarks.evidence [--entries N] [--json PATH]`. The three take turns, entry by entry, with one seat, a warm
browser and a context per job, on the real bot, a real PostgreSQL and an encrypting store in a folder. Tracing runs in
every job, or it would not exist when there is trouble; so it counts. The aim is 15 % of a job.
"""

import argparse
import asyncio
import itertools
import json
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from unittest.mock import patch

from baton.postgres import EmbeddedPostgres
from benchmarks import machine
from benchmarks.entries import FIRST_ORDER, WARM_UP, BatonEntries, order_desk
from bots.kit import evidence
from bots.kit.contract import Captured
from bots.kit.masking import Masking
from core import log

AIM = 0.15
WAYS = {"all": "masked pictures, texts, trace", "no trace": "masked pictures and texts", "none": "no evidence at all"}


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=main.__doc__)
    parser.add_argument("--entries", type=int, default=12, help="entries of each way (12)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    log.configure("benchmark", level="WARNING")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, EmbeddedPostgres() as postgres:
        found = machine.here(postgres.url, "evidence")
        took = asyncio.run(_measure(postgres, Path(folder), given.entries))
        found.load_after = machine.load_now()
    medians = {way: median(times) for way, times in took.items()}
    cost = medians["all"] - medians["none"]
    for way, title in WAYS.items():
        print(f"{title:34} {medians[way]:6.0f} ms  fastest {min(took[way]):6.0f}  slowest {max(took[way]):6.0f}")
    print(f"evidence takes {cost:.0f} ms, {cost / medians['all']:.1%} of a job (aim {AIM:.0%});", end=" ")
    print(f"the trace {medians['all'] - medians['no trace']:.0f} ms of it")
    if given.json:
        told = {"machine": found.model_dump(mode="json"), "ms": took, "cost_ms": cost, "share": cost / medians["all"]}
        given.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


async def _measure(postgres: EmbeddedPostgres, folder: Path, entries: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    orders = (str(number) for number in itertools.count(FIRST_ORDER))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(order_desk(folder, (entries + WARM_UP) * len(WAYS)))
        baton = await BatonEntries.open(stack, postgres, folder / "entries", url)
        for count in range(-WARM_UP, entries):
            for way in WAYS:
                with _only(way):
                    ms = await baton.enter(next(orders), "")
                if count >= 0:
                    took[way].append(ms)
    return took


@contextmanager
def _only(way: str) -> Iterator[None]:
    """Leave out what this way does without. Nothing in Baton switches evidence off; only this measurement does."""

    async def nothing(*_: object) -> list[Captured]:
        return []

    async def not_started(_: evidence.Trace) -> None:
        return

    async def no_glance(_: object) -> None:
        return

    with ExitStack() as stack:
        if way != "all":
            stack.enter_context(patch.object(evidence.Trace, "start", not_started))
        if way == "none":
            stack.enter_context(patch.object(evidence, "capture", nothing))
            stack.enter_context(patch.object(evidence, "glance", no_glance))
            stack.enter_context(patch.object(Masking, "script", "0"))
        yield


if __name__ == "__main__":
    main()
