"""`baton drill SYSTEM/ENVIRONMENT[/ROUTE]`: the drill that two people agreed on begins, on the records alone."""

import asyncio
from pathlib import Path

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton.by_whom import typed
from core import clock
from core.settings import Settings
from fallbacks.window_drills import WindowDrills, WindowRefused
from records.database import Database
from records.window_drill import WindowDrill
from systems.drill_ground import Grounds
from systems.seating import Seatings


def start(place: str, data_dir: Path) -> int:
    """Start it and say so; the exit status."""
    from baton.cli import find_surroundings, required

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    try:
        begun = asyncio.run(_begun(Settings(), *(*place.split("/"), "")[:3]))
    except WindowRefused as refusal:
        typer.echo(str(refusal), err=True)
        return 2
    except (DBAPIError, PoolTimeout, OSError):
        typer.echo("PostgreSQL does not answer, so nothing was changed: see `baton check`.", err=True)
        return 1
    until = f"{begun.ends_at.astimezone():%Y-%m-%d %H:%M %Z}"
    typer.echo(f"{'/'.join(begun.way)} is out of use until {until}; work goes over its fallbacks. See the page Drills.")
    return 0


async def _begun(settings: Settings, system: str, environment: str, route: str) -> WindowDrill:
    database = Database(settings.database_url, pool_size=1)
    try:
        drills = WindowDrills(database, Grounds(Seatings(settings.systems_file)))
        return await drills.start_now(system, environment, route, typed(), clock.now())
    finally:
        await database.close()
