"""`baton isolate` and `baton resume`: a system is taken out of use and used again, on the records alone.

Neither needs the console or Temporal: when those are down, systems must be left alone all the same.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton.by_whom import typed
from core import clock
from core import log as logging_
from core.settings import Settings
from fallbacks.health import Health, IsolationRefused, ways_of
from records.database import Database
from systems.base import PRODUCTION
from systems.registry import SYSTEMS
from systems.seating import SeatingRefused, Seatings
from systems.way import Way

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPAN = re.compile(r"([1-9]\d{0,3})([mhd])")
AWAY = "PostgreSQL does not answer, so nothing was changed: see `baton check`."

System = Annotated[str, typer.Argument(help="The system, as in orderdesk; orderdesk/test for another environment.")]
EverySystem = Annotated[bool, typer.Option("--all", help="Every system, in production.")]
OneRoute = Annotated[str | None, typer.Option(help="One way to it only, as in bot or api.")]
Reason = Annotated[str, typer.Option(help="Why; it stands on the screen of systems.")]
Unlooked = Annotated[
    bool, typer.Option("--unlooked", help="After a restore: also with entries that nobody has looked for yet.")
]
Span = Annotated[str, typer.Option("--for", help="For how long: 30m, 2h, 1d; else until somebody brings it back.")]
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
HERE = Path(".baton")


def isolate(
    system: System = "",
    everything: EverySystem = False,
    route: OneRoute = None,
    reason: Reason = "",
    lasting: Span = "",
    data_dir: DataDir = HERE,
) -> None:
    """Take a system out of use: nothing knocks on it, and what waits for it keeps its place."""

    async def taken(health: Health) -> str:
        ways, until = _ways(system, route, everything=everything), clock.now() + _span(lasting) if lasting else None
        await _known(health, *ways[0][:2])
        await health.isolate(ways, by=typed(), why=reason, until=until)
        lasts = f"until {until:%Y-%m-%d %H:%M %Z}" if until else "until `baton resume`"
        return f"Out of use {lasts}: {_named(ways)}. What waits for it keeps its place."

    _told(data_dir, taken)


def resume(
    system: System = "",
    everything: EverySystem = False,
    route: OneRoute = None,
    reason: Reason = "",
    unlooked: Unlooked = False,
    data_dir: DataDir = HERE,
) -> None:
    """Use a system again: it is probed at once, then one entry goes first."""

    async def back(health: Health) -> str:
        asked = _ways(system, route, everything=everything)
        ways = await health.resume(asked, by=typed(), why=reason, unlooked=unlooked)
        if not ways:
            return "Nothing of that is out of use or down."
        return f"To be used again: {_named(ways)}. It is probed now; then one entry goes first."

    _told(data_dir, back)


def _told(data_dir: Path, deed: Callable[[Health], Coroutine[None, None, str]]) -> None:
    from baton.cli import find_surroundings, required

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    try:
        typer.echo(asyncio.run(_done(deed)))
    except IsolationRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    except (DBAPIError, PoolTimeout, OSError):
        typer.echo(AWAY, err=True)
        raise typer.Exit(1) from None


async def _done(deed: Callable[[Health], Coroutine[None, None, str]]) -> str:
    logging_.configure("out_of_use", level="WARNING")
    database = Database(Settings().database_url)
    try:
        return await deed(Health(database))
    finally:
        await database.close()


def _ways(system: str, route: str | None, *, everything: bool) -> list[Way]:
    if bool(system) == everything:
        raise IsolationRefused("Name one system, or say --all.")
    if system:
        name, _, environment = system.partition("/")
        return ways_of(name, environment or PRODUCTION, route)
    known = [each for each in sorted(SYSTEMS) if route is None or route in SYSTEMS[each].routes]
    return [way for each in known for way in ways_of(each, PRODUCTION, route)]


async def _known(health: Health, system: str, environment: str) -> None:
    """Refuse an environment that nobody declared or worked in: with a slip in its name, the one meant would go on."""
    there = {PRODUCTION, *(row.environment for row in await health.standing(clock.now()) if row.system == system)}
    with suppress(SeatingRefused):
        there |= {name for of, name in Seatings(Settings().systems_file).named() if of == system}
    if environment not in there:
        known = ", ".join(sorted(there))
        raise IsolationRefused(f"There is no environment called {environment} of {system}; there is {known}.")


def _span(text: str) -> timedelta:
    """A span as people type it: 90m, 2h, 1d."""
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise IsolationRefused(f"--for {text} is no span of time: write 30m, 2h or 1d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _named(ways: list[Way]) -> str:
    return ", ".join("/".join(way) for way in ways)
