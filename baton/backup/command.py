"""`baton backup` and `baton restore`: a copy of everything that Baton keeps, and the way back from it."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from baton.backup.manifest import Manifest
    from baton.backup.restore import Restored

Where = Annotated[
    str, typer.Argument(help="A folder, for a new backup one that is not there yet, or s3://bucket/prefix.")
]
WithoutEvidence = Annotated[
    bool, typer.Option("--without-evidence", help="Leave evidence out: its store is copied by its own means.")
]
KeysTo = Annotated[Path | None, typer.Option(help="Write the keys that the backup needs to this file, apart from it.")]
KeysFrom = Annotated[Path | None, typer.Option("--keys", help="File of keys that `baton backup --keys-to` wrote.")]
Over = Annotated[bool, typer.Option("--over", help="Also where data is already; it is put aside, not removed.")]
Reason = Annotated[str, typer.Option(help="Why what is there is replaced; needed with --over.")]
WithoutTemporal = Annotated[bool, typer.Option("--without-temporal", help="Leave Temporal's histories out.")]
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]
HERE = Path(".baton")


def backup(
    where: Where, keys_to: KeysTo = None, without_evidence: WithoutEvidence = False, data_dir: DataDir = HERE
) -> None:
    """Copy the records, evidence and Temporal's state to a new place while work goes on; checked after writing."""
    from baton.backup import place
    from baton.backup.take import take
    from baton.cli import find_surroundings, required
    from core.settings import Settings

    find_surroundings(data_dir)
    required("BATON_DATABASE_URL")
    with _Sentences():
        if not place.is_address(where):
            made = asyncio.run(take(Settings(), Path(where), keys_to, without_evidence=without_evidence))
        else:
            place.check_new(where)
            with place.staged() as folder:
                made = asyncio.run(take(Settings(), folder, keys_to, without_evidence=without_evidence))
                place.send(folder, made, where)
        _tell_backup(where, made, keys_to)


def restore(
    where: Where,
    keys: KeysFrom = None,
    over: Over = False,
    reason: Reason = "",
    without_temporal: WithoutTemporal = False,
    data_dir: DataDir = HERE,
) -> None:
    """Put a backup where no Baton runs: into a data folder, or the empty BATON_DATABASE_URL; bots are held."""
    from baton.backup import by_address, place
    from baton.backup.restore import Wanted
    from baton.backup.restore import restore as put_back
    from baton.by_whom import typed
    from baton.data_folder import DataFolder
    from core import clock
    from core import log as logging_
    from core.settings import Settings

    logging_.configure("restore", level="WARNING")
    into = "" if DataFolder(data_dir).read_environment() else os.environ.get("BATON_DATABASE_URL", "")
    settings = Settings()
    evidence_into = settings.evidence_url if into else ""
    with _Sentences(), place.here(where) as folder:
        wanted = Wanted(folder, keys, over, reason, without_temporal, typed(), into, evidence_into)
        done = asyncio.run(put_back(settings, DataFolder(data_dir), wanted, clock.now()))
        _tell_restored(done, by_address.named(into) if into else None, data_dir)


def _tell_backup(where: str, made: "Manifest", keys_to: Path | None) -> None:
    typer.echo(f"{where} holds everything up to {made.taken_at:%Y-%m-%d %H:%M:%S %Z}, read again after writing:")
    for name, kept in made.files.items():
        typer.echo(f"  {name}: {kept.size:,} bytes")
    if made.evidence == "elsewhere":
        typer.echo("Evidence is not in it: have its store copied by its own means.")
    if made.evidence_gone:
        typer.echo(f"{made.evidence_gone} pieces of evidence that the records name were not in the store.")
    needs = ", ".join([*made.payload_keys, *made.evidence_keys])
    where = f"they are in {keys_to}" if keys_to else "no key is in it; see --keys-to"
    typer.echo(f"It needs the keys {needs}: {where}.")


def _tell_restored(done: "Restored", address: str | None, data_dir: Path) -> None:
    """`address`: the database's, in whose place the data folder is not said."""
    there = "" if address or data_dir == HERE else f" --data-dir {data_dir}"
    typer.echo(f"{address or data_dir} stands as it did at {done.manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}.")
    if done.migrated:
        typer.echo(f"It was of Baton {done.manifest.baton}, and was migrated to this one: {', '.join(done.migrated)}.")
    typer.echo(
        f"{done.ended_runs} runs begin anew from the records, {done.open_items} entries are open, "
        f"{done.doubted_mails} mails are in doubt. Every system is out of use."
    )
    if done.aside is not None:
        typer.echo(f"What was there before lies in {done.aside}.")
    begin = f"`baton up{there}`"
    if address:
        begin = "`baton migrate --app-role ROLE` gives the parts' role its rights again; start the parts"
    typer.echo(
        f"Next: {begin}, `baton recover --all{there} --reason ...` once it shows what is gone, "
        f"then `baton resume --all{there} --reason ...`: each entry is looked for before it is keyed."
    )


class _Sentences:
    """Turns what can go wrong into one sentence and exit status 1."""

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, _: object, trouble: BaseException | None, __: object) -> None:
        """Say it, if it is one of those."""
        import psycopg
        from sqlalchemy.exc import DBAPIError

        from baton.backup.manifest import BackupError
        from baton.data_folder import FolderInUse
        from baton.embedded import ServerDidNotStart
        from baton.payload_keys import KeyTroubleError
        from baton.postgres_user import PostgresUnavailable
        from baton.temporal_server import TemporalMissing

        if isinstance(trouble, psycopg.errors.UndefinedTable):
            _leave("This database holds no Baton of this build: see `baton migrate`.")
        if isinstance(trouble, (psycopg.OperationalError, DBAPIError)):
            _leave("PostgreSQL does not answer, so nothing was done: see `baton check`.")
        if isinstance(trouble, psycopg.Error):
            _leave(f"PostgreSQL refused it ({type(trouble).__name__}), so nothing was done.")
        said = (BackupError, KeyTroubleError, FolderInUse, PostgresUnavailable, TemporalMissing, ServerDidNotStart)
        if isinstance(trouble, (*said, subprocess.CalledProcessError)):
            _leave(str(trouble))
        if isinstance(trouble, OSError):
            _leave(f"{trouble.filename or 'The disk'}: {trouble.strerror}. Nothing was changed.")


def _leave(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
