"""What a bot costs: entries on a slow screen, by Baton with evidence on, by bare Playwright, and by robocorp.

`make bench-bots`, or `python -m benchmarks.bots [--entries N] [--rounds N] [--seats 1,2,4,8] [--no-peer] [--json P]`.
All sides open the same pages of the demo order desk in the same order, 200 ms each, with the same browser program and
flags, a context per entry and a session that is carried over. Nothing here passes or fails by time.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import BaseModel

from baton.postgres import EmbeddedPostgres
from benchmarks import machine, robocorp
from benchmarks.bare_script import BareScript
from benchmarks.entries import FIRST_ORDER, PAGE_SECONDS, BatonEntries, order_desk
from benchmarks.handoff import printed
from benchmarks.robocorp import PeerRun
from bots.kit.browser_path import find_browser
from core import log

AIMS = {"of_bare": "at most 1.25", "of_robocorp_at_four_seats": "at least 2"}
WARM_UP = 8
PEER_RUNS = 4
"""How many runs of the peer are set against four seats: each takes its rows one after the other."""


class Figures(BaseModel):
    """Milliseconds of every entry with one seat, by side; entries per minute by how many worked at once, by round."""

    ms: dict[str, list[float]] = {}
    baton_per_minute: dict[int, list[float]] = {}
    peer_per_minute: dict[int, list[float]] = {}
    without_peer: str = ""

    def ratios(self) -> dict[str, float]:
        """Baton against each of the others."""
        found = {f"of_{name}": _middle(self.ms["baton"]) / _middle(ms) for name, ms in self.ms.items() if ms}
        for runs, speeds in self.peer_per_minute.items():
            if 4 in self.baton_per_minute:
                found[f"per_minute_at_4_seats_of_{runs}_runs"] = _middle(self.baton_per_minute[4]) / _middle(speeds)
        return {name: round(ratio, 3) for name, ratio in found.items() if name != "of_baton"}


class Run:
    """One run: the screens, both sides in this process, the orders that are left."""

    def __init__(self, url: str, folder: Path, baton: BatonEntries, bare: BareScript) -> None:
        self._url = url
        self._folder = folder
        self._baton = baton
        self._bare = bare
        self._orders = (str(number) for number in itertools.count(FIRST_ORDER))
        self._runs = itertools.count(1)

    async def one_by_one(self, entries: int, figures: Figures) -> None:
        """Baton and the bare script in turn, one seat each."""
        for _ in range(entries):
            figures.ms["baton"].append(await self._baton.enter(next(self._orders), ""))
            order = next(self._orders)
            began = time.perf_counter()
            await self._bare.same(order, f"BTN-BARE{order}")
            figures.ms["bare"].append((time.perf_counter() - began) * 1000)

    async def at_once(self, seats: int, entries: int) -> float:
        """Entries per minute with so many seats in one bot process."""
        asked = [await self._baton.intended(next(self._orders)) for _ in range(entries)]
        waiting = iter(asked)

        async def work() -> None:
            for one in waiting:
                await self._baton.tried(one)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(seats)))
        return entries * 60 / (time.perf_counter() - began)

    async def peer(self, runs: int, entries: int) -> list[PeerRun]:
        """So many runs of the peer beside each other, that many entries each."""
        jobs = []
        for number in range(1, runs + 1):
            orders = list(itertools.islice(self._orders, entries))
            jobs.append(robocorp.run(self._url, f"bot{number:02}", orders, self._folder / f"peer-{next(self._runs)}"))
        return list(await asyncio.gather(*jobs))


async def measure(postgres: EmbeddedPostgres, folder: Path, given: argparse.Namespace) -> Figures:
    """All of it: one by one in rounds, then with more seats."""
    figures = Figures(ms={"baton": [], "bare": [], "robocorp": []})
    figures.without_peer = "left out as asked" if given.no_peer else await asyncio.to_thread(robocorp.installed)
    most = max(given.seats)
    orders = WARM_UP * 2 + given.rounds * given.entries * (3 + sum(given.seats) + 1 + PEER_RUNS)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(order_desk(folder, orders))
        baton = await BatonEntries.open(stack, postgres, folder / "entries", url)
        program, sandbox = find_browser().path, os.getuid() != 0
        bare = await stack.enter_async_context(BareScript.open(program, url, sandbox=sandbox))
        await bare.sign_in()
        run = Run(url, folder, baton, bare)
        await run.one_by_one(1, Figures(ms={"baton": [], "bare": []}))
        for count in range(1, given.rounds + 1):
            _say(f"one seat, round {count} of {given.rounds}")
            await run.one_by_one(given.entries, figures)
            if not figures.without_peer:
                [alone] = await run.peer(1, given.entries)
                figures.ms["robocorp"] += alone.ms
        await run.at_once(most, min(most, WARM_UP))  # every seat has its browser and is signed in
        for count in range(1, given.rounds + 1):
            await _at_once(run, given, figures, f"round {count} of {given.rounds}")
    return figures


async def _at_once(run: Run, given: argparse.Namespace, figures: Figures, which: str) -> None:
    """Every number of seats, and the peer, one after the other: a machine that slows down slows all of them."""
    for seats in given.seats:
        _say(f"{seats} at once, {which}")
        figures.baton_per_minute.setdefault(seats, []).append(await run.at_once(seats, seats * given.entries))
    for runs in () if figures.without_peer else (1, PEER_RUNS):
        _say(f"robocorp, {runs} at once, {which}")
        figures.peer_per_minute.setdefault(runs, []).append(_per_minute(await run.peer(runs, given.entries)))


def _say(what: str) -> None:
    """Where the run is: with many entries it takes minutes."""
    print(f"{what} …", file=sys.stderr, flush=True)


def _per_minute(runs: list[PeerRun]) -> float:
    """From the first row of the first run to the last of the last; starting up does not count."""
    entries = sum(len(run.ms) for run in runs)
    return entries * 60 / (max(run.ended for run in runs) - min(run.began for run in runs))


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="WARNING")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, EmbeddedPostgres() as postgres:
        found = machine.here(postgres.url, "bots")
        figures = asyncio.run(measure(postgres, Path(folder), given))
    found.load_after = machine.load_now()
    print()
    print(*found.lines(), sep="\n")
    print(f"\nOne seat, {PAGE_SECONDS * 1000:.0f} ms a page, context per entry\n")
    printed(_one_seat(figures))
    print("\nEntries per minute\n")
    printed(_speeds(figures))
    if figures.without_peer:
        print(f"\n  Without robocorp: {figures.without_peer}.")
    print(
        f"\n  Aims: {AIMS['of_bare']} of bare Playwright, {AIMS['of_robocorp_at_four_seats']} times robocorp's entries."
    )
    if given.json:
        written: dict[str, Any] = {"machine": found.model_dump(), **figures.model_dump(mode="json")}
        written |= {"ratios": figures.ratios(), "aims": AIMS, "page_seconds": PAGE_SECONDS}
        given.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bots", description=main.__doc__)
    parser.add_argument("--entries", type=int, default=6, help="entries of each side in a round, and per seat (6)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds, each with all sides (2)")
    parser.add_argument("--seats", type=_numbers, default=(1, 2, 4, 8), help="how many seats, as 1,2,4,8")
    parser.add_argument("--no-peer", action="store_true", help="leave robocorp out")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(word) for word in text.split(","))
    if not all(1 <= number <= 8 for number in numbers):
        raise argparse.ArgumentTypeError("numbers from 1 to 8, as in 1,2,4,8")
    return numbers


def _one_seat(figures: Figures) -> Iterator[tuple[str, ...]]:
    titles = {"baton": "Baton, evidence on", "bare": "bare Playwright", "robocorp": "robocorp"}
    yield ("", "median ms", "fastest", "slowest", "Baton takes")
    for name, ms in figures.ms.items():
        if ms:
            times = "" if name == "baton" else f"{_middle(figures.ms['baton']) / _middle(ms):.2f} x"
            yield (titles[name], f"{_middle(ms):.0f}", f"{min(ms):.0f}", f"{max(ms):.0f}", times)


def _speeds(figures: Figures) -> Iterator[tuple[str, ...]]:
    yield ("", "entries/min", "Baton at 4 seats")
    for seats, speeds in figures.baton_per_minute.items():
        yield (f"Baton, {seats} {'seat' if seats == 1 else 'seats'}", f"{_middle(speeds):.0f}", "")
    at_four = _middle(figures.baton_per_minute[4]) if 4 in figures.baton_per_minute else None
    for runs, speeds in figures.peer_per_minute.items():
        speed = _middle(speeds)
        beside = "one run" if runs == 1 else f"{runs} runs beside each other"
        yield (f"robocorp, {beside}", f"{speed:.0f}", f"{at_four / speed:.2f} x" if at_four else "")


def _middle(figures: list[float]) -> float:
    return median(figures)


if __name__ == "__main__":
    main()
