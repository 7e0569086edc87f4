"""`baton migrate`: the half that adds, and once asked the half that removes; one process at a time."""

import typer

from records import migrate, rights


def bring(url: str, app_role: str, *, after: bool) -> int:
    """Bring the database to this build's schema; 0, or 1 with a sentence."""
    try:
        migrate.upgrade(url, after=after, waiting=_waits)
        if app_role:
            rights.give(url, app_role)
    except (migrate.MigrationError, rights.NoRightsError) as trouble:
        typer.echo(str(trouble), err=True)
        return 1
    typer.echo(f"the database is {stands(url)[1]}")
    return 0


def stands(url: str) -> tuple[bool, str, str]:
    """How the database stands towards this build: whether it fits, a sentence, and the remedy. SQLAlchemyError."""
    newer = migrate.newer(url)
    if any(revision.endswith(migrate.AFTER) for revision in newer):
        mend = "Start the newer build, or restore the backup that was made before it."
        return False, f"a newer build has removed what this one needs ({', '.join(newer)})", mend
    if newer:
        return True, f"newer than this build by additions only ({', '.join(newer)}): this build works on it", ""
    if pending := migrate.pending(url):
        return False, f"{len(pending)} to run", "baton migrate"
    if waiting := migrate.pending_after(url):
        return True, f"current; {len(waiting)} to run once no older build does: baton migrate --after", ""
    return True, "current", ""


def _waits() -> None:
    typer.echo("Another `baton migrate` is at it: this one waits until that has ended.", err=True)
