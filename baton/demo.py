"""`baton demo`: forty failed deliveries on a whole Baton of their own, an agent, two faults, and a count at the end."""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from baton import demo_screen
from baton.addresses import table
from baton.demo_count import count
from baton.demo_play import Player, tokens
from baton.part_log import Terminal
from baton.stack import Options
from baton.up import TROUBLE, Up, running
from core import clock
from records.database import Database

ROWS = Path(__file__).resolve().parent.parent / "demo" / "data" / "failed_deliveries.csv"
LONGEST = 240.0
"""Seconds in which nothing at all has moved, and the demo stops waiting and counts what there is."""

TIMINGS = {"BATON_LEASE_SECONDS": "6", "BATON_SETTLE_SECONDS": "8"}
"""Shorter than in production, so that a doubt is resolved while somebody watches; settle stays above lease."""


@dataclass(frozen=True)
class Wishes:
    """How a person wants the demo run."""

    data_dir: Path | None = None
    keep: bool = False
    json_file: Path | None = None
    rows: Path = ROWS


class Result(BaseModel):
    """What `--json` writes."""

    model_config = ConfigDict(frozen=True)

    rows: int
    accepted: int
    rejected: int
    cases: int
    closed: int
    handoffs_open: int
    failures_open: int
    ledger: dict[str, int]
    lost: int
    duplicated: int
    seconds: float


async def play(wishes: Wishes) -> int:
    """Run it all; 0 only when nothing was lost and nothing entered twice."""
    folder = wishes.data_dir or fresh_folder()
    screen = Console()
    screen.print(f"Baton's demo: {wishes.rows.name}, in a folder of its own: {folder}")
    screen.print("Starting PostgreSQL, Temporal, the demo systems, console, worker and bots ...")
    began = time.monotonic()
    options = Options(data_dir=folder, port_base=0, demo=True)
    try:
        with environment(TIMINGS), open_log(folder) as log:
            async with running(options, Terminal(out=log)) as up:
                screen.print(f"Everything is up after {time.monotonic() - began:.0f} s.")
                result = await _journeys(up, wishes, screen, began)
                _tell(result, folder, wishes, screen)
                if wishes.keep:
                    await _stay(up, screen)
    except TROUBLE as trouble:
        screen.print(f"The demo could not start: {trouble}")
        return 1
    return 0 if result.lost == 0 and result.duplicated == 0 else 1


async def _journeys(up: Up, wishes: Wishes, screen: Console, began: float) -> Result:
    database = Database(up.stack.cluster.url())
    try:
        player = Player(up.stack, database, await tokens(database, clock.now()))
        handed = await player.hand_in(wishes.rows)
        screen.print(
            f"{handed.rows} rows: {handed.accepted} good, {handed.rejected} came back with reasons "
            f"({up.stack.environment()['BATON_CONSOLE_URL']}{handed.page})."
        )
        await _watch(player, database, screen)
        counted = await count(database, player.ledgers())
    finally:
        await database.close()
    return Result(
        rows=handed.rows,
        accepted=handed.accepted,
        rejected=handed.rejected,
        seconds=round(time.monotonic() - began, 1),
        **counted.model_dump(include=set(Result.model_fields)),
    )


async def _watch(player: Player, database: Database, screen: Console) -> None:
    """Show progress until nothing moves any more without a person; a player who trips ends the demo with it."""
    playing = asyncio.create_task(player.play())
    try:
        async with asyncio.timeout(LONGEST) as patience:
            with demo_screen.Progress(screen) as progress:
                stood = None
                while True:
                    now = await count(database, {})
                    progress.show(now, player.told)
                    if playing.done() and now.at_rest:
                        break
                    if now != stood:  # a slow machine takes its time; only one on which nothing moves is given up
                        stood = now
                        patience.reschedule(asyncio.get_running_loop().time() + LONGEST)
                    await asyncio.sleep(0.5)
    except TimeoutError:
        screen.print(f"Nothing has moved for {LONGEST:.0f} s; what is still on its way is counted as lost.")
        playing.cancel()
        return
    await playing


def _tell(result: Result, folder: Path, wishes: Wishes, screen: Console) -> None:
    screen.print(demo_screen.outcome(result.model_dump()))
    if wishes.json_file is not None:
        wishes.json_file.write_text(json.dumps(result.model_dump()) + "\n", encoding="utf-8")
    screen.print("The same cases, screenshots and mails in the console:")
    screen.print(f"  {Path(sys.executable).parent / 'baton'} up --data-dir {folder.resolve()}", soft_wrap=True)


async def _stay(up: Up, screen: Console) -> None:
    """Leave it running until somebody stops it."""
    screen.print(table(up.stack, coloured=screen.is_terminal))
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    await stop.wait()


def fresh_folder() -> Path:
    """A data folder of this run's own, below the usual one."""
    stamp = clock.now().strftime("%Y%m%d-%H%M%S")
    return Path(".baton") / f"demo-{stamp}-{secrets.token_hex(2)}"


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """The parts get these settings, unless the shell has its own."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def open_log(folder: Path) -> Iterator[TextIO]:
    """Where the supervisor's own sentences go while the progress is drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.log").open("a", encoding="utf-8") as lines:
        yield lines
