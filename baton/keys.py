"""`baton keys`: the keys of Temporal's payloads; listed by id, changed without a stop, held against the data."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from baton.payload_keys import KeyRing
    from core.settings import Settings

app = typer.Typer(help="Keys of Temporal's payloads: listed, changed, held against the data.", no_args_is_help=True)

DATA_DIR = Path(".baton")
DataDir = Annotated[Path, typer.Option(help="Folder for everything that this machine's Baton keeps.")]


@app.command("list")
def list_(data_dir: DataDir = DATA_DIR) -> None:
    """Every key by its id: which encrypts, and which the data was encrypted with."""
    from baton.payload_keys import misfits

    settings = _settings(data_dir)
    ring, used = _ring(settings), _used(settings)
    newest = ring.newest[0]
    missing = misfits(ring, used)
    for key_id in dict.fromkeys([*ring.ids, *used]):
        words = ["MISSING in the file" if key_id in missing else "decrypts"]
        if key_id == newest:
            words = ["encrypts and decrypts"]
        words.append("used with this data" if key_id in used else "not used with this data yet")
        typer.echo(f"{key_id}: {', '.join(words)}")


@app.command()
def rotate(data_dir: DataDir = DATA_DIR) -> None:
    """Make a new key; running parts take it up by themselves, and the old ones go on decrypting."""
    from baton import payload_keys

    settings = _settings(data_dir)
    verified(settings)
    file = settings.codec_key_file
    assert file is not None, "verified reads it"
    try:
        key_id = payload_keys.rotate(file)
    except payload_keys.KeyTroubleError as trouble:
        _leave(str(trouble))
    if settings.database_url:
        asyncio.run(payload_keys.checked(settings))
    typer.echo(
        f"{key_id} encrypts from now on. Save {file} with your other secrets; other machines need the same file."
    )


@app.command()
def retire(
    key: Annotated[str, typer.Argument(help="The key's id; see `baton keys list`.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Closed histories that nobody can read any more are no loss.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take an old key away, once nothing needs it any more."""
    from baton import key_retiring
    from baton.payload_keys import KeyTroubleError

    settings = _settings(data_dir)
    verified(settings)
    file = settings.codec_key_file
    assert file is not None, "verified reads it"
    try:
        asyncio.run(key_retiring.retire(settings, file, key, insisted=yes))
    except (key_retiring.NotRetiredError, KeyTroubleError) as trouble:
        _leave(str(trouble))
    typer.echo(
        f"{key} is gone from {file}. Other machines need the same file; a copy of the key still opens old backups."
    )


@app.command()
def verify(data_dir: DataDir = DATA_DIR) -> None:
    """Whether the keys fit the data; exit status 1 when they do not."""
    count = verified(_settings(data_dir))
    typer.echo(f"The payload keys fit the data ({count} used with it).")


def verified(settings: "Settings") -> int:
    """How many keys were used with this data; leaves with 1 and a sentence when one of them is not here."""
    from baton.payload_keys import misfit_sentence, misfits

    ring, used = _ring(settings), _used(settings)
    missing = misfits(ring, used)
    if missing:
        _leave(misfit_sentence(settings.codec_key_file, missing))
    return len(used)


def _ring(settings: "Settings") -> "KeyRing":
    from baton.payload_keys import KeyRing, KeyTroubleError

    try:
        return KeyRing.of(settings.codec_key_file)
    except KeyTroubleError as trouble:
        _leave(str(trouble))


def _used(settings: "Settings") -> dict[str, str]:
    from sqlalchemy.exc import DBAPIError

    from baton import cli, payload_keys

    cli.required("BATON_DATABASE_URL")
    try:
        return asyncio.run(payload_keys.used(settings))
    except (DBAPIError, OSError):
        _leave("PostgreSQL does not answer or holds no Baton: see `baton check`.")


def _settings(data_dir: Path) -> "Settings":
    from baton import cli
    from core.settings import Settings

    cli.find_surroundings(data_dir)
    return Settings()


def _leave(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
