"""What a part waits for before it begins: tables that fit its build."""

import asyncio

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from records import schema_fit
from records.database import Database
from records.schema_fit import Fit

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 2.0


async def with_fitting(database: Database) -> None:
    """Return once the tables fit. Older ones are waited for: `baton migrate` may run just now.

    SystemExit with a sentence when this build can never work on them. A database that does not answer is no reason to
    wait: parts begin without it, and say so.
    """
    told = False
    while True:
        try:
            fit = await schema_fit.of(database)
        except (DBAPIError, PoolTimeout, psycopg.OperationalError, OSError):
            return
        if fit is Fit.NARROWED:
            raise SystemExit(fit.value)
        if fit is Fit.FITS:
            return
        if not told:
            log.warning("schema.older", said=fit.value)
            told = True
        await asyncio.sleep(AGAIN_SECONDS)
