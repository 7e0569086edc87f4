"""What a part asks before it says that it is ready: the records, Temporal, and its own beats."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from obstore.exceptions import BaseError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from baton.seen.health import Check
from core import clock
from records import evidence_store, schema_fit
from records.database import Database
from records.evidence_store import EvidenceStore

TEMPORAL_WITHIN = timedelta(seconds=1.5)
"""Less than a check as a whole, so that Temporal's own answer is told and not only that there was none."""


CLOCK_OFF_SECONDS = 5.0
"""Clocks that are kept by NTP differ by less than a tenth; sign-ins, due times and beats stand what is below this."""
EVIDENCE_GOOD_FOR = 60.0
"""Seconds in which the store is not asked again: a bucket is paid for by the question."""


def records(database: Database) -> Check:
    """PostgreSQL answers, and its tables fit this build."""

    async def check() -> str:
        try:
            return (await schema_fit.of(database)).value
        except PoolTimeout:
            return "No connection to PostgreSQL became free."
        except (DBAPIError, psycopg.OperationalError, OSError) as error:
            return f"PostgreSQL does not answer ({type(error).__name__})."

    return check


def true_time(database: Database, now: Callable[[], datetime] = clock.now) -> Check:
    """This machine's clock agrees with the database's, by which leases and beats go on every machine."""

    async def check() -> str:
        try:
            async with database.session() as session:
                asked = now()
                there = (await (await session.connection()).execute(text("SELECT clock_timestamp()"))).scalar_one()
                answered = now()
        except (DBAPIError, PoolTimeout, psycopg.OperationalError, OSError):
            return ""  # the records say so themselves
        # What the answer took is no fault of a clock: only what lies outside of question and answer counts.
        off = max((there - answered).total_seconds(), (asked - there).total_seconds())
        if off <= CLOCK_OFF_SECONDS:
            return ""
        way = "behind" if there > answered else "ahead of"
        return f"This machine's clock is {off:.0f} seconds {way} the database's."

    return check


def evidence(store: EvidenceStore, database: Database) -> Check:
    """The evidence store answers, and is the one that evidence was kept in; asked once a minute at most."""
    asked: tuple[float, str] | None = None

    async def check() -> str:
        nonlocal asked
        if asked is None or time.monotonic() - asked[0] > EVIDENCE_GOOD_FOR:
            asked = (time.monotonic(), await _evidence(store, database))
        return asked[1]

    return check


async def _evidence(store: EvidenceStore, database: Database) -> str:
    try:
        async with database.session() as session:
            return await evidence_store.why_another(session, store)
    except (BaseError, OSError) as error:
        return f"The evidence store does not answer ({type(error).__name__})."
    except (DBAPIError, PoolTimeout):
        return ""  # the records say so themselves


def temporal(client: Client) -> Check:
    """Temporal answers. The client is one that connects at its first call."""

    async def check() -> str:
        try:
            await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=TEMPORAL_WITHIN)
        except RPCError as error:
            return f"Temporal does not answer ({error.status.name})."
        except RuntimeError:
            return "Temporal does not answer (no connection)."
        return ""

    return check
