"""The verbs of the command `baton`. Each loads what it starts only when it is called, so that `--help` is quick."""

import asyncio
import importlib
import os
from pathlib import Path
from typing import Annotated

import typer

from baton import UNRELEASED, __version__, bot, clocks, credentials, ending, extensions, keys, out_of_use, people, watch
from baton.backup import command as backups
from baton.data_folder import DataFolder
from baton.upgrade import command as upgrades
from systems.drills import Mode

app = typer.Typer(
    help="Baton carries customer work across the gaps between people, bots and legacy systems, and never drops it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(people.app, name="user")
app.add_typer(credentials.app, name="secrets")
app.add_typer(keys.app, name="keys")
app.add_typer(bot.app, name="bot")
app.add_typer(watch.app, name="watch")
app.add_typer(clocks.app, name="clocks")
app.command()(out_of_use.isolate)
app.command()(out_of_use.resume)
app.command()(upgrades.upgrade)
app.command()(backups.backup)
app.command()(backups.restore)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Baton {__version__}" if __version__ != UNRELEASED else "Baton, from a tree that was not released")
        raise typer.Exit


@app.callback()
def begin(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Which release.")] = False,
) -> None:
    """Take in the bots and journeys that live outside this tree, before any verb begins."""
    extensions.load()


DATA_DIR = Path(".baton")
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]


@app.command()
def up(
    data_dir: DataDir = DATA_DIR,
    port_base: Annotated[int, typer.Option(help="First of fourteen ports in a row; 0 looks for free ones.")] = 8400,
    demo: Annotated[bool, typer.Option(help="With the demo legacy systems and demo users.")] = True,
    prefect: Annotated[bool, typer.Option("--prefect", help="With Prefect's server and worker.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every line of every part on the terminal.")] = False,
) -> None:
    """Start, watch and stop everything on this machine, on loopback."""
    from baton.stack import Options
    from baton.up import serve

    options = Options(data_dir=data_dir, port_base=port_base, demo=demo, prefect=prefect, verbose=verbose)
    raise typer.Exit(asyncio.run(serve(options)))


@app.command()
def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Its data folder; a fresh one when not given.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the counts to this file.")] = None,
) -> None:
    """Run the main job on forty failed deliveries, count what happened, and end."""
    from baton.demo import Wishes, play

    raise typer.Exit(asyncio.run(play(Wishes(data_dir=data_dir, keep=keep, json_file=json_file))))


@app.command()
def sweep(
    runs: Annotated[int, typer.Option(min=1, help="How many intents are played.")] = 60,
    seed: Annotated[int | None, typer.Option(help="Decides what happens; made up if not given.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Keep the report there, and go on from it.")] = None,
    only: Annotated[int | None, typer.Option(min=1, help="Only the run of that number, to repeat it.")] = None,
    bots: Annotated[int, typer.Option(min=0, help="Bot processes; 0: as many as this machine has cores.")] = 0,
) -> None:
    """Kill and pause bots at every named point, on demo systems, and hold the ledgers against what was asked."""
    from baton.sweep.command import Wanted
    from baton.sweep.command import sweep as play

    raise typer.Exit(asyncio.run(play(Wanted(runs=runs, seed=seed, json_file=json_file, only=only, bots=bots))))


@app.command()
def soak(
    jobs: Annotated[int, typer.Option(min=1, help="How many jobs are played.")] = 1000,
    kill: Annotated[float, typer.Option(min=0, max=100, help="How many of a hundred are killed.")] = 10,
    seed: Annotated[int | None, typer.Option(help="Decides what happens; made up if not given.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write what was found to this file.")] = None,
    bots: Annotated[int, typer.Option(min=0, help="Bot processes; 0: as many as this machine has cores.")] = 0,
) -> None:
    """Play many jobs, kill some, and look at what is left: browsers, temporary files, memory."""
    from baton.sweep.soak import soak as play

    raise typer.Exit(asyncio.run(play(jobs, kill / 100, seed, json_file, bots)))


@app.command()
def drill(
    system: Annotated[
        str, typer.Argument(help="Which demo system goes away, as in orderdesk; orderdesk/production: the real one.")
    ],
    mode: Annotated[Mode, typer.Option(help="How: refused, slow, cut at random, or lying.")] = Mode.DOWN,
    minutes: Annotated[float, typer.Option(min=0.1, help="For how long.")] = 2.0,
    items: Annotated[int, typer.Option(min=1, help="How many entries are in flight then.")] = 300,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
    bots: Annotated[int, typer.Option(min=0, help="Bot processes; 0: as many as this machine has cores.")] = 0,
) -> None:
    """Make an outage on a demo system, and see what it does to the work: lost, twice, in order, noticed when."""
    if "/" in system:
        from baton.drill.real import start

        raise typer.Exit(start(system, DATA_DIR))
    from baton.drill.command import drill as play
    from baton.drill.play import Wanted

    raise typer.Exit(asyncio.run(play(Wanted(system, mode, minutes, items), json_file, bots)))


@app.command()
def console() -> None:
    """Serve the console for people; addresses come from the environment."""
    run("baton.console_server")


@app.command()
def worker() -> None:
    """Run the workflows and everything but the bots."""
    run("baton.worker")


@app.command()
def bots() -> None:
    """Run the bots of this machine, a queue per legacy system."""
    run("baton.bots_worker")


@app.command()
def ticks() -> None:
    """Run the upkeep that goes on when Temporal is away."""
    run("baton.ticks")


@app.command()
def check(
    data_dir: DataDir = DATA_DIR,
    production: Annotated[bool, typer.Option("--production", help="And what is not fit for customers' data.")] = False,
) -> None:
    """Name what is missing, and how to mend it."""
    from baton import check as checks
    from core.settings import Settings

    find_surroundings(data_dir)
    findings = checks.look(Settings())
    typer.echo(checks.told(findings))
    if production:
        from baton import check_production

        unfit = check_production.look(Settings())
        typer.echo(checks.told(unfit, lacking="NOT FIT"))
        findings += unfit
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


@app.command()
def migrate(
    data_dir: DataDir = DATA_DIR,
    app_role: Annotated[str, typer.Option(help="The role that the parts work as gets its rights, and no more.")] = "",
    after: Annotated[bool, typer.Option("--after", help="And remove what only an older build needed.")] = False,
) -> None:
    """Bring the database to this build's schema; an older build goes on beside it until --after."""
    from baton.upgrade.migrating import bring

    find_surroundings(data_dir)
    raise typer.Exit(bring(required("BATON_DATABASE_URL"), app_role, after=after))


@app.command()
def status(
    data_dir: DataDir = DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
) -> None:
    """Say in ten lines what runs, what waits longest and what is wrong."""
    from baton.status import status as tell_status
    from core.settings import Settings

    find_surroundings(data_dir)
    raise typer.Exit(tell_status(Settings(), os.environ, as_json=as_json))


@app.command()
def case(
    ref: Annotated[str, typer.Argument(help="A case, order, parcel, ticket, customer or bot reference.")],
    data_dir: DataDir = DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
) -> None:
    """Tell one case: where it stands, what it waits for, what was done, what evidence there is."""
    from baton.case_sheet import case as tell_case
    from core.settings import Settings

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    raise typer.Exit(tell_case(Settings(), ref, as_json=as_json))


@app.command()
def enter(
    system: Annotated[str, typer.Argument(help="The system, as in orderdesk.")],
    operation: Annotated[str, typer.Argument(help="What is to be keyed there, as in reschedule.")],
    file: Annotated[Path, typer.Option(help="A CSV file with a column for each field; see `Template` in the console.")],
    again: Annotated[bool, typer.Option("--again", help="Also rows that this file or an earlier one has.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until every row is done or with a person.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Have bots key the rows of a file on one system, each once; the same as Plain entry in the console."""
    from baton import enter as entering
    from core.settings import Settings

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    raise typer.Exit(entering.enter(Settings(), system, operation, file, again=again, wait=wait))


@app.command()
def recover(
    ref: Annotated[str | None, typer.Argument(help="A case's number, or the id of a workflow that is gone.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands on the timeline.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that is gone.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Begin anew, from its records, what Temporal does not carry any more; nothing is entered or told twice."""
    from baton.recover import recover as begin_anew
    from core.settings import Settings

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    raise typer.Exit(begin_anew(Settings(), ref, everything=everything, reason=reason))


def run(module: str) -> None:
    """Load a part and hand over to its `main`."""
    find_surroundings(DATA_DIR)
    importlib.import_module(module).main()


def find_surroundings(data_dir: Path) -> None:
    """Learn where things are from a running `baton up`, unless the environment says so itself."""
    os.environ.setdefault("BATON_DATA_DIR", str(data_dir))
    if "BATON_DATABASE_URL" in os.environ:
        return
    known = os.environ.get("BATON_EXTENSIONS")
    for name, value in DataFolder(data_dir).read_environment().items():
        os.environ.setdefault(name, value)
    if os.environ.get("BATON_EXTENSIONS") != known:
        extensions.load()  # what the running Baton brings, this verb knows as well


def required(name: str) -> str:
    """A variable that a verb cannot do without; says what to do when it is missing."""
    value = os.environ.get(name, "")
    if not value:
        typer.echo(f"{name} is not set and no `baton up` runs on this data folder. Start it, or set {name}.", err=True)
        raise typer.Exit(1)
    return value


def main() -> None:
    """The command `baton`."""
    ending.at_once(app)


if __name__ == "__main__":
    main()
