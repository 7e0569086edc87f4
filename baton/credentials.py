"""`baton secrets`: keep credentials, change them, list them without values, and try one sign-in."""

import asyncio
import getpass
import os
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from activities.sign_in import Tried
    from bots.kit.secrets.seam import Known
    from core.settings import Settings

app = typer.Typer(help="Credentials of bots: kept, changed, listed without values, tried.", no_args_is_help=True)

DATA_DIR = Path(".baton")
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
Name = Annotated[str, typer.Argument(help="The credential's name, as orderdesk-bot01; see `baton secrets list`.")]
User = Annotated[str, typer.Option(help="The name to sign in with, where it is not the account's.")]
Expires = Annotated[str, typer.Option(help="The day on which it expires, as 2027-01-31.")]
Day = Annotated[str, typer.Argument(help="The day, as 2027-01-31.")]
Totp = Annotated[bool, typer.Option("--totp", help="It has one-time codes: their seed is asked for after the value.")]
Answer = TypeVar("Answer")


@app.command("set")
def set_(name: Name, user: User = "", expires: Expires = "", totp: Totp = False, data_dir: DataDir = DATA_DIR) -> None:
    """Keep a new credential in the encrypted file; the value is asked for, or read from standard input."""
    _keep(data_dir, name, user, expires, totp=totp, new=True)


@app.command()
def rotate(
    name: Name, user: User = "", expires: Expires = "", totp: Totp = False, data_dir: DataDir = DATA_DIR
) -> None:
    """Give a credential a new value: it counts from the next sign-in on, sessions that are open go on."""
    _keep(data_dir, name, user, expires, totp=totp, new=False)


@app.command()
def expires(name: Name, day: Day, data_dir: DataDir = DATA_DIR) -> None:
    """Say on which day a credential expires; its value stays as it is."""
    from baton import wiring
    from bots.kit.secrets.seam import SecretsRefusedError
    from core.faults import Fault

    settings, ends = _of_file(data_dir), _day(day, "The day")
    try:
        wiring.secrets_file(settings).declare(name, ends)
    except (SecretsRefusedError, Fault) as refusal:
        _leave(refusal)
    typer.echo(f"{name} expires on {ends:%Y-%m-%d}.")


@app.command()
def remove(name: Name, data_dir: DataDir = DATA_DIR) -> None:
    """Forget a credential of the encrypted file."""
    from baton import wiring
    from bots.kit.secrets.seam import SecretsRefusedError
    from core.faults import Fault

    try:
        wiring.secrets_file(_of_file(data_dir)).remove(name)
    except (SecretsRefusedError, Fault) as refusal:
        _leave(refusal)
    typer.echo(f"{name} is forgotten.")


@app.command("list")
def list_(data_dir: DataDir = DATA_DIR) -> None:
    """Every credential: who uses it, when it changed, when it expires; never a value."""
    from baton import wiring
    from core import clock

    settings = _settings(data_dir)
    known = _run(wiring.secrets(settings).known())
    users = _run(wiring.credential_users(settings))
    if not known and not users:
        typer.echo("No credential is kept, and no account of any environment needs one here.")
    for one in known:
        typer.echo(told(one, users.pop(one.name, []), clock.now()))
    for name, who in sorted(users.items()):
        typer.echo(f"{name}: MISSING; used by {_few(who)}")


@app.command("test")
def try_(name: Name, data_dir: DataDir = DATA_DIR) -> None:
    """Make exactly one sign-in with a credential; when it works, the account's hold ends."""
    from baton import by_whom, cli, wiring
    from core import log

    settings = _settings(data_dir)
    cli.required("BATON_DATABASE_URL")
    log.configure("secrets", style="text", level="ERROR")
    who, tried = _run(wiring.try_sign_in(settings, name, by_whom.typed()))
    typer.echo(outcome(who, tried))
    raise typer.Exit(0 if tried.works else 1)


def outcome(who: str, tried: "Tried") -> str:
    """What a try of one account came to."""
    if not tried.works:
        return f"{who}: {tried.sentence} ({tried.code})"
    ended = " Its hold has ended; waiting work goes on within five minutes." if tried.cleared else ""
    return f"{who}: the sign-in worked.{ended}"


def told(one: "Known", users: list[str], now: datetime) -> str:
    """One credential in a line."""
    words = [f"used by {_few(users)}" if users else "used by nobody here"]
    if one.user:
        words.append(f"signs in as {one.user}")
    if one.changed_at:
        words.append(f"changed {one.changed_at:%Y-%m-%d}")
    if one.expires_at:
        words.append(f"{'EXPIRED' if one.expires_at <= now else 'expires'} {one.expires_at:%Y-%m-%d}")
    return f"{one.name}: {', '.join(words)}{', one-time codes' if one.totp else ''}"


def _few(who: list[str]) -> str:
    return ", ".join(who[:3]) + (f" and {len(who) - 3} more" if len(who) > 3 else "")


def _keep(data_dir: Path, name: str, user: str, expires: str, *, totp: bool, new: bool) -> None:
    from baton import wiring
    from bots.kit.secrets.seam import Secret, SecretsRefusedError
    from core import clock
    from core.faults import Fault

    settings, ends = _of_file(data_dir), _day(expires, "--expires") if expires else None
    value = _asked("Value")
    seed = _asked("Seed of its one-time codes") if totp else ""
    secret = Secret(name, value, user=user, totp_seed=seed, expires_at=ends)
    try:
        known = wiring.secrets_file(settings).keep(secret, clock.now(), new=new)
    except (SecretsRefusedError, Fault) as refusal:
        _leave(refusal)
    typer.echo(f"{known.name} is kept, version {known.version}. Try it: baton secrets test {known.name}")


def _day(typed: str, what: str) -> datetime:
    from bots.kit.secrets.seam import SecretsRefusedError, moment_of

    ends = moment_of(typed)
    if ends is None:
        _leave(SecretsRefusedError(f"{what} {typed} is no day; write it like 2027-01-31."))
    return ends


def _asked(what: str) -> str:
    """A value that is typed unseen, or the next line of standard input; never an argument, which others could see."""
    value = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not value:
        typer.echo(f"{what}: nothing was given, and nothing was changed.", err=True)
        raise typer.Exit(1)
    return value


def _of_file(data_dir: Path) -> "Settings":
    settings = _settings(data_dir)
    if settings.secrets != "file":
        where = {"env": "the environment (BATON_SECRET_<NAME>)", "vault": "Vault (`vault kv put`)"}[settings.secrets]
        typer.echo(f"Credentials are kept in {where}: change them there, or set BATON_SECRETS=file.", err=True)
        raise typer.Exit(1)
    return settings


def _settings(data_dir: Path) -> "Settings":
    from baton import cli
    from core.settings import Settings

    os.umask(0o077)
    cli.find_surroundings(data_dir)
    return Settings()


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    from core.faults import Fault
    from systems.environment import BadEnvironmentsError

    try:
        return asyncio.run(work)
    except (Fault, BadEnvironmentsError) as trouble:
        _leave(trouble)


def _leave(trouble: Exception) -> NoReturn:
    from core.faults import Fault

    detail = f" {trouble.detail}" if isinstance(trouble, Fault) and trouble.detail else ""
    typer.echo(f"{trouble}{detail}", err=True)
    raise typer.Exit(1)
