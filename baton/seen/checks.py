"""What a part asks before it says that it is ready: the records, Temporal, and its own beats."""

from datetime import timedelta

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from baton.seen.health import Check
from records import schema_fit
from records.database import Database

TEMPORAL_WITHIN = timedelta(seconds=1.5)
"""Less than a check as a whole, so that Temporal's own answer is told and not only that there was none."""


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
