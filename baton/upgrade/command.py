"""`baton upgrade`: which build takes which share of new work, and what is still open on which."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from temporalio.client import Client

    from baton.upgrade.builds import Standing

Ramp = Annotated[float | None, typer.Option(min=0, max=100, help="So many of 100 new cases begin on the new build.")]
OfBuild = Annotated[str, typer.Option("--build", help="Which build is meant; else the newest one that has workers.")]
Current = Annotated[bool, typer.Option("--current", help="All new work begins on the new build.")]
Back = Annotated[bool, typer.Option("--back", help="All new work begins on the build before, at once.")]
Move = Annotated[str, typer.Option(metavar="BUILD", help="What is open on this build goes on, on the current one.")]
Check = Annotated[bool, typer.Option("--check", help="Change nothing; say yes, or which cases and why.")]
WithoutRows = Annotated[bool, typer.Option("--without-rows", help="With --check: try the migrations on empty tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="With --check: the same for programs, with every case.")]
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
HERE = Path(".baton")
AWAY = "Temporal does not answer, so nothing was changed: see `baton check`."
Deed = Callable[["Client", "Standing"], Awaitable[str]]


def upgrade(  # noqa: PLR0913, PLR0917 - each is an option that people type
    ramp: Ramp = None,
    build: OfBuild = "",
    current: Current = False,
    back: Back = False,
    move: Move = "",
    check: Check = False,
    without_rows: WithoutRows = False,
    as_json: AsJson = False,
    data_dir: DataDir = HERE,
) -> None:
    """Say which build takes new work and what is open on each; check a new one, bring it in, and the way back."""
    from temporalio.service import RPCError

    from baton.cli import find_surroundings
    from baton.upgrade.builds import UpgradeRefused

    find_surroundings(data_dir)
    if sum((ramp is not None, current, back, bool(move), check)) > 1:
        _leave("Say one thing at a time: --check, --ramp, --current, --back or --move.")
    if check:
        raise typer.Exit(_checked(rows=not without_rows, as_json=as_json))
    try:
        typer.echo(asyncio.run(done(deed(ramp, build, current=current, back=back, move=move))))
    except UpgradeRefused as refused:
        _leave(str(refused))
    except (RPCError, RuntimeError, OSError):
        _leave(AWAY)


def _checked(*, rows: bool, as_json: bool) -> int:
    from baton.cli import required
    from baton.upgrade import check as checking
    from core.settings import Settings

    required("BATON_DATABASE_URL")
    return checking.check(Settings(), rows=rows, as_json=as_json)


def deed(ramp: float | None, build: str, *, current: bool, back: bool, move: str) -> Deed:
    """What is asked for, as something to do; its sentence is what was done."""
    from baton.upgrade import builds

    async def nothing(_client: "Client", _now: "Standing") -> str:
        return ""

    async def ramped(client: "Client", now: "Standing") -> str:
        name = build or builds.newest(now).name if ramp else now.ramping
        await builds.ramp(client, now, name, ramp or 0.0)
        return f"{ramp:g} of 100 new cases begin on {name}." if ramp else _again(now.current)

    async def made_current(client: "Client", now: "Standing") -> str:
        name = build or builds.newest(now).name
        await builds.make_current(client, now, name)
        return f"All new work begins on {name}. What began before ends where it is: keep those workers until it has."

    async def went_back(client: "Client", now: "Standing") -> str:
        if now.ramping and not build:
            await builds.ramp(client, now, now.ramping, 0.0)
            return _again(now.current)
        name = build or builds.before(now).name
        await builds.make_current(client, now, name)
        return _again(name)

    async def moved(client: "Client", now: "Standing") -> str:
        name = build or now.current
        done, ended = await builds.move(client, now, move, name)
        return f"{done} go on, on {name}." + (f" {ended} ended meanwhile." if ended else "")

    if move:
        return moved
    return went_back if back else made_current if current else ramped if ramp is not None else nothing


def _again(name: str) -> str:
    return f"All new work begins on {name} again. What began on another build ends there."


async def done(wanted: Deed) -> str:
    """Do it at the Temporal that the environment names; what was done and how it stands then, for people."""
    from baton import temporal_peer
    from baton.upgrade import builds
    from core import log as logging_

    logging_.configure("upgrade", level="WARNING")
    client = await temporal_peer.client()
    said = await wanted(client, await builds.standing(client))
    return "\n\n".join(part for part in (said, told(await builds.standing(client))) if part)


def told(now: "Standing") -> str:
    """The builds as a table, and what there is to do about them."""
    rows = [("Build", "New work", "Open", "Workers")]
    rows += [(one.name, f"{one.share:g} %", f"{one.open:,}", str(one.workers)) for one in now.builds]
    if now.without or now.workers_without or not now.builds:
        share = "–" if now.current else "100 %"
        rows.append(("(no build)", share, f"{now.without:,}", str(now.workers_without)))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"\n{hint}" for hint in hints(now))])


def hints(now: "Standing") -> list[str]:
    """What stands still or waits for a word, and what is no longer needed."""
    from baton.upgrade.builds import troubles

    spare = [
        f"Nothing is open on {one.name}: its workers can be stopped."
        for one in now.builds
        if one.workers and not one.open and not one.share and now.current and one.last_current
    ]
    return [*troubles(now), *spare]


def _leave(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
