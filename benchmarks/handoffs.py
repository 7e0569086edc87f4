"""A thousand open handoffs: acts per second, how long a pick-up takes, and what is left after all workers were killed.

`python -m benchmarks.handoffs [--open N] [--acts N] [--kills N] [--json PATH]`. It starts a PostgreSQL and a Temporal
dev server of its own, and leaves nothing behind. Speed passes or fails nothing; the exit status is 1 when a handoff or
an act is lost or doubled, or when a clock is not the one that its events tell of.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from benchmarks import machine
from benchmarks.handoff import printed
from benchmarks.handoff_sides import BareSide, BatonSide, Figures, measure
from benchmarks.handoff_storm import Left, storm
from benchmarks.machine import Machine
from benchmarks.servers import Servers
from core import log


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="WARNING")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every workflow compiles its modules anew
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        with EmbeddedPostgres() as postgres, EmbeddedTemporal(Path(folder) / "temporal.db") as temporal:
            found = machine.here(postgres.url, "handoffs")
            figures, left = asyncio.run(_run(Servers(postgres, temporal, Path(folder)), given))
        found.load_after = machine.load_now()
    _tell(found, given, figures, left)
    if given.json:
        document = {
            "machine": found.model_dump(),
            "open": given.open,
            "sides": {name: one.model_dump() for name, one in figures.items()},
            "ratios": _ratios(figures),
            "storm": left.model_dump(),
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if left.clean else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.handoffs", description=main.__doc__)
    parser.add_argument("--open", type=int, default=1000, help="handoffs that are open at once (1000)")
    parser.add_argument("--acts", type=int, default=400, help="acts that are timed (400)")
    parser.add_argument("--kills", type=int, default=2, help="how often the worker is killed (2)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


async def _run(servers: Servers, given: argparse.Namespace) -> tuple[dict[str, Figures], Left]:
    async with BareSide.opened(servers, given.open) as bare:
        figures = {"bare": await measure(bare, given.acts)}
    async with BatonSide.opened(servers, given.open) as baton:
        figures["baton"] = await measure(baton, given.acts)
        return figures, await storm(baton, given.kills)


def _ratios(figures: dict[str, Figures]) -> dict[str, float]:
    baton, bare = figures["baton"], figures["bare"]
    return {
        "acts_per_second": round(baton.acts_per_second / bare.acts_per_second, 2),
        "act_ms": round(baton.act_ms / bare.act_ms, 2),
    }


def _tell(found: Machine, given: argparse.Namespace, figures: dict[str, Figures], left: Left) -> None:
    print(*found.lines(), sep="\n")
    print(f"\n{given.open} open handoffs\n")
    rows: list[tuple[str, ...]] = [("", "acts/s", "one act ms", "90 %", "opened/s")]
    titles = {"baton": "Baton", "bare": "bare workflow, one row an act"}
    rows += [
        (titles[name], f"{one.acts_per_second:.0f}", f"{one.act_ms:.0f}", f"{one.act_p90_ms:.0f}", f"{one.opened:.0f}")
        for name, one in figures.items()
    ]
    printed(rows)
    ratios: dict[str, Any] = _ratios(figures)
    print(f"\n  Baton makes {ratios['acts_per_second']} of the bare workflow's acts a second, and one takes")
    print(f"  {ratios['act_ms']} times as long.")
    print(f"\nWorkers killed {left.kills} times under {left.acts} acts: {left.sentence()}")


if __name__ == "__main__":
    main()
