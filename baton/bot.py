"""`baton bot`: make a new bot, and let a bot go through rows or a failed item up to the click."""

import asyncio
import csv
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from baton import extensions
from baton.bot_new import NoBotError, new
from core.settings import Settings
from systems.base import PRODUCTION, Entry, Operation
from systems.registry import SYSTEMS

app = typer.Typer(help="Make a bot, and try one without entering anything.", no_args_is_help=True)

DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
Environment = Annotated[str, typer.Option(help="The system's environment to go to.")]
Headed = Annotated[bool, typer.Option("--headed", help="Show the browser; needs a screen and a full Chromium.")]
Page = Annotated[Path, typer.Option("--page", help="Where the page of frames is written.")]
Account = Annotated[str, typer.Option(help="Work as this account; the system's first one when not given.")]
Route = Annotated[str, typer.Option(help="The way to the system, where it has several.")]
WRITTEN_TO = Path("rehearsal.html")


@app.command("new")
def make(
    system: Annotated[str, typer.Argument(help="The new system's name, as in acme.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder it is made in.")] = Path(),
) -> None:
    """Make a bot's folder that works at once, against a practice system of its own."""
    rooms = {path.name for path in Path(__file__).parent.parent.iterdir()}
    try:
        written = new(system, folder, rooms | SYSTEMS.keys())
    except NoBotError as trouble:
        stop(str(trouble))
    home = written[0].parent
    typer.echo(f"{len(written)} files in {home}. Next: read {home / 'README.md'}; it begins with")
    typer.echo(f"  export BATON_EXTENSIONS={home}")


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is an option that people type
    system: Annotated[str, typer.Argument(help="The system, as in orderdesk.")],
    operation: Annotated[str, typer.Argument(help="The operation, as in reschedule.")],
    file: Annotated[Path, typer.Option(help="A CSV file with a column for each field of the entry.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fill, and submit nothing. It must be given.")] = False,
    headed: Headed = False,
    environment: Environment = PRODUCTION,
    route: Route = "",
    account: Account = "",
    page: Page = WRITTEN_TO,
    data_dir: DataDir = Path(".baton"),
) -> None:
    """Let a bot go through the rows of a file up to the click, and write a page of what it saw."""
    if not dry_run:
        stop("Say --dry-run. To enter rows for good there is `baton enter`, and Plain entry in the console.")
    screen_for(headed=headed)
    wanted = known_operation(system, operation)
    entries = [(number, entry_of(wanted, number, row)) for number, row in rows_of(file, wanted)]
    from baton import bot_rehearsal

    where = bot_rehearsal.Where(system, route, environment, account, headed)
    raise typer.Exit(asyncio.run(bot_rehearsal.rows(surroundings(data_dir), where, wanted, entries, page)))


@app.command()
def replay(
    item: Annotated[str, typer.Argument(help="A work item's reference, as in BTN-ABCDEFGHJK.")],
    environment: Environment = "test",
    headed: Headed = False,
    account: Account = "",
    page: Page = WRITTEN_TO,
    data_dir: DataDir = Path(".baton"),
) -> None:
    """Let a bot go through one item again up to the click, in another environment."""
    screen_for(headed=headed)
    from baton import bot_rehearsal

    chosen = surroundings(data_dir)
    where = bot_rehearsal.Where("", "", environment, account, headed)
    raise typer.Exit(asyncio.run(bot_rehearsal.item(chosen, where, item, page)))


def screen_for(*, headed: bool) -> None:
    """End the command when a browser is to be shown and there is no screen to show it on."""
    if headed and sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        stop("--headed needs a screen, and here is none (DISPLAY is not set). Leave it out: the page shows it all.")


def known_operation(system: str, operation: str) -> Operation:
    """The operation of that name; else the command ends and names what there is."""
    if system not in SYSTEMS:
        stop(f"There is no system called {system}. There are: {', '.join(sorted(SYSTEMS))}.{unloaded()}")
    operations = SYSTEMS[system].operations
    if operation not in operations:
        stop(f"{SYSTEMS[system].title} has no operation called {operation}. It has: {', '.join(sorted(operations))}.")
    return operations[operation]


def unloaded() -> str:
    """What could not be loaded, when it may be what somebody is looking for."""
    broken = [f"\n{one.source} was not loaded. {one.problem}" for one in extensions.load() if one.problem]
    return "".join(broken)


def rows_of(file: Path, operation: Operation) -> list[tuple[int, dict[str, str]]]:
    """The file's rows with their numbers; the command ends when it is no such file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as trouble:
        stop(f"{file} cannot be read: {trouble.strerror}.")
    except UnicodeDecodeError:
        stop(
            f"{file} is not UTF-8. In Excel choose File, Save as, and the type \u201cCSV UTF-8 (comma delimited)\u201d."
        )
    delimiter = ";" if text.partition("\n")[0].count(";") >= text.partition("\n")[0].count(",") else ","
    found = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    columns, wanted = set(found[0]) if found else set(), set(operation.entry.model_fields)
    if not found or not columns <= wanted:
        stop(f"{file} needs rows under the columns {', '.join(operation.entry.model_fields)}.")
    return [(number, {name: value or "" for name, value in row.items()}) for number, row in enumerate(found, 1)]


def entry_of(operation: Operation, number: int, row: dict[str, str]) -> Entry:
    """A row as the operation's entry; the command ends with what is wrong in which column."""
    try:
        return operation.entry.model_validate({name: value for name, value in row.items() if value != ""})
    except ValidationError as trouble:
        problems = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in trouble.errors()]
        stop(f"Row {number} does not fit. " + "; ".join(problems))


def surroundings(data_dir: Path) -> Settings:
    """The settings, with what a running `baton up` tells."""
    from baton.cli import find_surroundings

    find_surroundings(data_dir)
    return Settings()


def stop(sentence: str) -> NoReturn:
    """End the command with a sentence."""
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
