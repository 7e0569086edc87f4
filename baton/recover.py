"""`baton recover`: begin anew what Temporal does not carry any more; it writes to the records alone."""

import asyncio

import typer

from baton import by_whom, wiring
from core import clock
from core.settings import Settings
from records import recovering
from records.database import Database
from records.recovering import NotRecovered


def recover(chosen: Settings, ref: str | None, *, everything: bool, reason: str) -> int:
    """Recover one process or all that are gone, and say so; 1 when nothing was recovered that should have been."""
    if bool(ref) == everything:
        typer.echo("Name either one case (or the id of a workflow), or --all.", err=True)
        return 1
    try:
        labels = asyncio.run(_recovered(chosen, ref, reason))
    except NotRecovered as refused:
        typer.echo(str(refused), err=True)
        return 1
    for label in labels:
        typer.echo(f"{label} begins anew from its records.")
    if not labels:
        typer.echo("Nothing is gone.")
    return 0


async def _recovered(chosen: Settings, ref: str | None, reason: str) -> list[str]:
    database = wiring.database(chosen)
    try:
        if ref is None:
            return await _all(database, reason)
        async with database.session() as session:
            return [(await recovering.recover(session, ref, by_whom.typed(), reason, clock.now())).label]
    finally:
        await database.close()


async def _all(database: Database, reason: str) -> list[str]:
    """Some at a time, so that a run that is stopped has not to begin from the first."""
    labels: list[str] = []
    while True:
        async with database.session() as session:
            some = await recovering.recover_some(session, by_whom.typed(), reason, clock.now())
        if not some:
            break
        labels += some
    return labels
