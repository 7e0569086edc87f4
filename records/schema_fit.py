"""Whether a part may work on these records: asked before it begins, and each time it says how it is."""

import asyncio
from enum import StrEnum
from functools import cache
from pathlib import Path

from psycopg.errors import UndefinedTable
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from records import migrate
from records.database import Database


class Fit(StrEnum):
    """How the tables stand towards this build; the value is what people read, and what they do about it."""

    FITS = ""
    OLDER = "The records' tables are older than this build: run `baton migrate`."
    NARROWED = (
        "A newer build has removed from the records what this build needs: start the newer one, or restore the backup "
        "that was made before it."
    )


async def of(database: Database) -> Fit:
    """Ask the database; what a newer build only added is no matter. DBAPIError when it does not answer."""
    known = await _applied(database)
    return await asyncio.to_thread(_fit, known, migrate.FOLDER)


@cache  # asked every few seconds, and a build's migrations do not change while it runs
def _fit(known: tuple[str, ...], _folder: Path) -> Fit:
    strange = [revision for revision in known if not migrate.knows(revision)]
    if any(revision.endswith(migrate.AFTER) for revision in strange):
        return Fit.NARROWED
    return Fit.OLDER if not strange and migrate.missing(known, after=False) else Fit.FITS


async def _applied(database: Database) -> tuple[str, ...]:
    try:
        async with database.session() as session:
            found = await (await session.connection()).execute(text("SELECT version_num FROM alembic_version"))
            return tuple(found.scalars())
    except ProgrammingError as fault:
        if not isinstance(fault.orig, UndefinedTable):
            raise
        return ()
