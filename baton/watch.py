"""`baton watch`: the first entries of a new bot, or after a change of a system, wait for a person's approval."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from baton import by_whom
from systems.base import PRODUCTION

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from records.watches import Watch

app = typer.Typer(help="Entries that stop filled until a person approves them.", no_args_is_help=True)

DATA_DIR = Path(".baton")
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
Answer = TypeVar("Answer")


@app.command()
def add(
    system: Annotated[str, typer.Argument(help="The system, as orderdesk.")],
    operation: Annotated[str, typer.Argument(help="One of its operations; every one when not said.")] = "",
    first: Annotated[int, typer.Option(min=1, help="So many items stop; then the watch is over.")] = 10,
    why: Annotated[str, typer.Option(help="Why, for colleagues who look at this later.")] = "",
    environment: Annotated[str, typer.Option(help="Which environment of the system.")] = PRODUCTION,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Watch the first items that bots take up from now on."""
    from core import clock
    from records.watches import Watch
    from systems.registry import SYSTEMS

    if system not in SYSTEMS:
        _leave(f"There is no system {system}; there are: {', '.join(sorted(SYSTEMS))}.")
    if operation and operation not in SYSTEMS[system].operations:
        _leave(f"{system} has no operation {operation}; it has: {', '.join(sorted(SYSTEMS[system].operations))}.")
    if not why.strip():
        _leave('Say why: --why "the save screen has changed".')
    watch = Watch(
        system=system,
        environment=environment,
        operation=operation,
        first_items=first,
        why=why.strip(),
        added_by=by_whom.typed(),
        since=clock.now(),
    )

    async def keep(session: "AsyncSession") -> str:
        session.add(watch)
        return told(watch)

    typer.echo(_done(data_dir, keep))


@app.command("list")
def list_(data_dir: DataDir = DATA_DIR) -> None:
    """Every watch, newest first: how many of its items were stopped, since when, why, by whom."""
    from records import watches

    async def lines(session: "AsyncSession") -> list[str]:
        return [told(watch) for watch in await watches.all_of(session)]

    for line in _done(data_dir, lines) or ["Nothing is watched."]:
        typer.echo(line)


@app.command()
def end(
    watch: Annotated[str, typer.Argument(help="The watch's id, or how it begins; see `baton watch list`.")],
    data_dir: DataDir = DATA_DIR,
) -> None:
    """End a watch: no further item stops. What has stopped still waits for its approval."""
    from core import clock
    from records import watches

    async def stop(session: "AsyncSession") -> str:
        ended = await watches.end(session, watch, clock.now())
        return told(ended) if ended is not None else ""

    line = _done(data_dir, stop)
    if not line:
        _leave("No open watch, or more than one, has an id that begins so: see `baton watch list`.")
    typer.echo(line)


def told(watch: "Watch") -> str:
    """One watch in a line."""
    what = f"{watch.system} {watch.operation or 'every operation'}"
    place = "" if watch.environment == PRODUCTION else f", {watch.environment}"
    version = f", {watch.route} {watch.bot_version}" if watch.bot_version else ""
    count = f"{watch.taken} of the first {watch.first_items} stopped"
    over = ", over" if watch.over else ""
    since = f"{watch.since.astimezone():%Y-%m-%d %H:%M}"
    return f"{str(watch.id)[:8]}: {what}{place}{version}: {count}{over}; since {since}, {watch.added_by}: {watch.why}"


def _done(data_dir: Path, deed: "Callable[[AsyncSession], Awaitable[Answer]]") -> Answer:
    from baton import cli

    cli.find_surroundings(data_dir)
    url = cli.required("BATON_DATABASE_URL")
    return asyncio.run(_committed(url, deed))


async def _committed(url: str, deed: "Callable[[AsyncSession], Awaitable[Answer]]") -> Answer:
    from records.database import Database

    database = Database(url)
    try:
        async with database.session() as session:
            return await deed(session)
    finally:
        await database.close()


def _leave(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
