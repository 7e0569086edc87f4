"""`baton clocks`: for whoever audits them. Every clock of a handoff is made again from the event log and compared."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from records.clocks import Checked

app = typer.Typer(help="The clocks of handoffs, made again from the event log.", no_args_is_help=True)

DATA_DIR = Path(".baton")
SHOWN = 20
"""Clocks that differ are named one by one up to so many; more are a defect, not a list to read."""


@app.callback()
def begin() -> None:
    """A group of verbs, also while it has one."""


@app.command()
def check(
    data_dir: Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")] = DATA_DIR,
) -> None:
    """Make every clock again from its events and compare it with the one that is kept; status 1 when any differs."""
    from baton import cli

    cli.find_surroundings(data_dir)
    found = asyncio.run(_checked(cli.required("BATON_DATABASE_URL")))
    typer.echo(told(found))
    raise typer.Exit(1 if found.differing else 0)


def told(found: "Checked") -> str:
    """The verdict in a line, and each clock that differs in one of its own."""
    if not found.clocks:
        return "There is no clock yet: the first handoff starts some."
    if not found.differing:
        return f"{found.clocks:,} clocks made again from their events: each is the one that is kept."
    lines = [f"{found.clocks:,} clocks made again from their events: {len(found.differing):,} differ."]
    lines += [f"  handoff {one.handoff_id}, {one.name}: {one.how}" for one in found.differing[:SHOWN]]
    return "\n".join(lines)


async def _checked(url: str) -> "Checked":
    from records import clocks
    from records.database import Database

    database = Database(url)
    try:
        async with database.session() as session:
            return await clocks.check(session)
    finally:
        await database.close()
