"""`baton user`: who may sign in, with which role; passwords are asked for, or made up and shown once."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from records.people import Role

app = typer.Typer(help="Who may sign in, with which role.", no_args_is_help=True)

DATA_DIR = Path(".baton")
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for the password instead of making one up.")]
BY = "command line"


@app.command()
def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What the person is here for.")],
    name: Annotated[str, typer.Option(help="The name that colleagues see.")] = "",
    ask: Ask = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Let somebody in."""
    from core import clock
    from records import access

    password = chosen(ask)
    new = access.NewUser(email=email, role=role, password=password, name=name)
    perform(data_dir, lambda session: access.create_user(session, new, clock.now(), by=BY))
    typer.echo(f"{email} may sign in as {role.value}.")
    tell_once(password, ask)


@app.command()
def disable(email: Email, data_dir: DataDir = DATA_DIR) -> None:
    """Let somebody in no more; sessions and tokens end at once."""
    from core import clock
    from records import access

    perform(data_dir, lambda session: access.disable(session, email, clock.now(), by=BY))
    typer.echo(f"{email} may no longer sign in; sessions and tokens have ended.")


@app.command()
def reset(email: Email, ask: Ask = False, data_dir: DataDir = DATA_DIR) -> None:
    """Give somebody a new password; sessions and tokens end at once."""
    from core import clock
    from records import access

    password = chosen(ask)
    perform(data_dir, lambda session: access.reset_password(session, email, password, clock.now(), by=BY))
    typer.echo(f"{email} has a new password; sessions and tokens have ended.")
    tell_once(password, ask)


@app.command()
def role(
    email: Email,
    role: Annotated[Role, typer.Argument(help="ops, supervisor, agent or it.")],
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Give somebody another role, from the next page on."""
    from core import clock
    from records import access

    perform(data_dir, lambda session: access.set_role(session, email, role, clock.now(), by=BY))
    typer.echo(f"{email} is {role.value} now.")


@app.command()
def token(
    email: Email,
    label: Annotated[str, typer.Option(help="What the token is for, so that it can be told apart.")],
    days: Annotated[int, typer.Option(min=1, max=730, help="How long it lives.")] = 365,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Make a token for a program that acts as this person; it is shown once."""
    from core import clock
    from records import access

    made: list[str] = []

    async def make(session: AsyncSession) -> None:
        made.append(await access.create_token(session, email, label, timedelta(days=days), clock.now(), by=BY))

    perform(data_dir, make)
    typer.echo(f"Token for {email}, for {days} days. It is shown only now; send it as `Authorization: Bearer`:")
    typer.echo(made[0])


def chosen(ask: bool) -> str:
    """A password that somebody types twice, or a new random one."""
    if ask:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return secrets.token_urlsafe(12)


def tell_once(password: str, ask: bool) -> None:
    """Show a made-up password; nobody can show it again."""
    if not ask:
        typer.echo(f"Password, shown only now: {password}")


def perform(data_dir: Path, deed: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Do it in one transaction; leaves with 1 and a sentence when it cannot be done."""
    from baton import cli
    from records.access import AccessError

    cli.find_surroundings(data_dir)
    url = cli.required("BATON_DATABASE_URL")
    try:
        asyncio.run(_committed(url, deed))
    except AccessError as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None


async def _committed(url: str, deed: Callable[[AsyncSession], Awaitable[object]]) -> None:
    from records.database import Database

    database = Database(url)
    try:
        async with database.session() as session:
            await deed(session)
    finally:
        await database.close()
