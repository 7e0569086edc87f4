"""`baton upgrade`: whether this build may be brought in where another one works."""

from pathlib import Path
from typing import Annotated

import typer

HERE = Path(".baton")


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; say yes, or which cases and why.")] = False,
    without_rows: Annotated[
        bool, typer.Option("--without-rows", help="Try the migrations on empty tables: no room is needed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs, with every case.")] = False,
    data_dir: Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")] = HERE,
) -> None:
    """Say whether this build carries on what is open, and how its migrations go, before anything is restarted."""
    from baton.cli import find_surroundings, required
    from baton.upgrade import check as checking
    from core.settings import Settings

    if not check:
        typer.echo("Say `baton upgrade --check`; the way itself is in docs/upgrading.md.", err=True)
        raise typer.Exit(2)
    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    raise typer.Exit(checking.check(Settings(), rows=not without_rows, as_json=as_json))
