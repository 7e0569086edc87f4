"""`baton upgrade --check`: may this build come in? Yes, or which cases and why. Nothing is changed."""

import asyncio
import logging
import sys

import psycopg
import typer
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from baton import codec, temporal_peer
from baton.backup.manifest import BackupError
from baton.check import first_line
from baton.embedded import ServerDidNotStart
from baton.payload_keys import KeyRing, KeyTroubleError
from baton.postgres_user import PostgresUnavailable
from baton.upgrade import check_replay, check_schema
from baton.upgrade.check_replay import Replays
from baton.upgrade.check_report import lines
from baton.upgrade.check_schema import CopyError, Tried
from baton.versioning import DEPLOYMENT
from core.settings import Settings


class Answer(BaseModel):
    """What was found. `unseen`: what could not be looked at, which is never a yes."""

    model_config = ConfigDict(frozen=True)

    yes: bool
    replays: Replays | None
    migrations: Tried | None
    unseen: list[str]


def check(settings: Settings, *, rows: bool, as_json: bool) -> int:
    """Look and tell; 0 when this build may come in, 1 otherwise."""
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # each failed replay is told once, in our words
    answer = look(settings, rows=rows)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        lines(answer.replays, answer.migrations, answer.unseen, yes=answer.yes).show()
    return 0 if answer.yes else 1


def look(settings: Settings, *, rows: bool) -> Answer:
    """Replay what is open and try the migrations. Blocking."""
    unseen: list[str] = []
    replays, migrations = _replays(settings, unseen), _migrations(settings, unseen, rows=rows)
    well = replays is not None and not replays.stuck and migrations is not None and migrations.fits
    return Answer(yes=well and not unseen, replays=replays, migrations=migrations, unseen=unseen)


def _replays(settings: Settings, unseen: list[str]) -> Replays | None:
    try:
        return asyncio.run(_replay(settings))
    except KeyTroubleError as trouble:
        unseen.append(f"No history could be read: {trouble}")
    except (RPCError, RuntimeError) as fault:
        unseen.append(f"Temporal does not answer ({first_line(fault)}): see `baton check`.")
    return None


async def _replay(settings: Settings) -> Replays:
    ring = KeyRing.of(settings.codec_key_file)  # not noted in the records, as a part does: nothing is changed
    client = await temporal_peer.client(codec.data_converter(ring))
    told = _progress if sys.stderr.isatty() else None
    build = f"{DEPLOYMENT}.{settings.build}" if settings.build else ""
    return await check_replay.replay(client, build, told=told)


def _progress(done: int, expected: int) -> None:
    typer.echo(f"\r{done} of {expected} replayed", nl=done >= expected, err=True)


def _migrations(settings: Settings, unseen: list[str], *, rows: bool) -> Tried | None:
    try:
        return check_schema.attempt(settings.database_url, rows=rows)
    except (psycopg.OperationalError, SQLAlchemyError) as fault:
        unseen.append(f"PostgreSQL does not answer ({first_line(fault)}): see `baton check`.")
    except BackupError as trouble:
        mend = "a copy needs the right to read every table: use the owner's address, or the parts' own"
        unseen.append(f"The migrations could not be tried: {trouble} ({mend})")
    except (CopyError, PostgresUnavailable, ServerDidNotStart, OSError) as trouble:
        unseen.append(f"The migrations could not be tried: {first_line(trouble)}")
    return None
