"""What Baton costs: cases per second and start latency against bare Temporal, entries against bare Playwright.

`make bench`, or `python -m benchmarks.handoff [--cases N] [--entries N] [--rounds N] [--json PATH]`. It starts a
PostgreSQL, a Temporal dev server and an order desk of its own, and leaves nothing behind. Nothing here passes or fails
by time: it prints figures, and `docs/benchmarks.md` says how to read them.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from benchmarks import cases, entries, machine
from benchmarks.cases import SideFigures
from benchmarks.entries import EntryFigures
from benchmarks.machine import Machine
from benchmarks.servers import Servers
from core import log

AIMS = {"cases": "at least 0.7", "entries": "at most 1.3"}


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="WARNING")
    _compile_once()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        with EmbeddedPostgres() as postgres, EmbeddedTemporal(Path(folder) / "temporal.db") as temporal:
            found = machine.here(postgres.url, "handoff")
            servers = Servers(postgres, temporal, Path(folder))
            travelled = asyncio.run(cases.measure(servers, given.cases, given.rounds))
            entered = asyncio.run(entries.measure(servers, given.entries))
        found.load_after = machine.load_now()
    _tell(found, travelled, entered)
    if given.json:
        written = json.dumps(_document(given, found, travelled, entered), indent=2)
        given.json.write_text(written + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.handoff", description=main.__doc__)
    parser.add_argument("--cases", type=_count, default=30, help="cases of one round of one side (30)")
    parser.add_argument("--entries", type=_count, default=6, help="entries of each way (6)")
    parser.add_argument("--rounds", type=_count, default=3, help="rounds of cases (3)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 2000:
        raise argparse.ArgumentTypeError("a number from 1 to 2000")
    return number


def _compile_once() -> None:
    """Let the worker processes keep compiled modules, as any installation does.

    Temporal's sandbox loads the workflow modules anew for each workflow; where PYTHONDONTWRITEBYTECODE is set it would
    compile them each time, and that would be measured.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _tell(found: Machine, travelled: dict[str, SideFigures], entered: dict[str, EntryFigures]) -> None:
    print()
    print(*found.lines(), sep="\n")
    print("\nCases, medians of the rounds\n")
    printed(cases.table(travelled))
    print("\nCPU milliseconds for a case, by process\n")
    printed(cases.cpu_table(travelled))
    print(f"\n  Baton's cases per second are {cases.ratios(travelled)['bookkeeping']:.2f} of the bare workflow's with")
    print(f"  the same bookkeeping (aim: {AIMS['cases']}).")
    print(f"\nEntries on a screen with {entries.PAGE_SECONDS * 1000:.0f} ms a page, one seat, medians\n")
    printed(entries.table(entered))
    print(f"\n  Baton takes {entries.ratios(entered)['walk']:.2f} times as long as the bare script that looks too")
    print(f"  (aim: {AIMS['entries']}).")


def printed(rows: Iterable[tuple[str, ...]]) -> None:
    """Print a table; the first row is its head."""
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "   ".join([first, *others]))


def _document(
    given: argparse.Namespace, found: Machine, travelled: dict[str, SideFigures], entered: dict[str, EntryFigures]
) -> dict[str, Any]:
    return {
        "machine": found.model_dump(),
        "cases": {
            "count": given.cases,
            "rounds": given.rounds,
            "sides": {name: {**one.model_dump(), "median": one.speed} for name, one in travelled.items()},
            "ratios": cases.ratios(travelled),
        },
        "entries": {
            "count": given.entries,
            "page_seconds": entries.PAGE_SECONDS,
            "ways": {name: {**one.model_dump(), "median_ms": one.median_ms} for name, one in entered.items()},
            "ratios": entries.ratios(entered),
        },
        "aims": AIMS,
    }


if __name__ == "__main__":
    main()
