"""What Temporal tries again is noted from its second failed try, and forgotten once it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.edge import FaultEdge
from activities.retries import RetriesNoted
from core.faults import Conflict, SystemDown
from records import activity_retry
from records.activity_retry import ActivityRetry
from records.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Ending(ActivityInboundInterceptor):
    """An activity that ends so."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        """End."""
        if self._error is not None:
            raise self._error


async def tried(database: Database, attempt: int, error: Exception | None, at: datetime = NOW, most: int = 0) -> None:
    """One try of one activity."""
    inner = FaultEdge().intercept_activity(Ending(error))
    inbound = RetriesNoted(database, lambda: at).intercept_activity(inner)

    async def run() -> None:
        try:
            await inbound.execute_activity(ExecuteActivityInput(fn=run, args=[], executor=None, headers={}))
        except ApplicationError:
            return

    environment = ActivityEnvironment()
    policy = RetryPolicy(maximum_attempts=most)
    policy = RetryPolicy(maximum_attempts=most)
    environment.info = replace(ActivityEnvironment.default_info(), attempt=attempt, retry_policy=policy)
    await environment.run(run)


async def noted(database: Database) -> list[ActivityRetry]:
    """The rows."""
    async with database.session() as session:
        return list(await session.exec(select(ActivityRetry)))


async def test_a_second_failed_try_is_noted_and_the_next_ones_count(database: Database) -> None:
    """One row from the second failure on, with the number of tries and the last code; the first try costs nothing."""
    await tried(database, 1, SystemDown())
    first = await noted(database)
    await tried(database, 2, SystemDown())
    await tried(database, 3, OSError("somebody's name"), NOW + timedelta(minutes=1))

    (row,) = await noted(database)
    assert first == []
    assert (row.attempt, row.code, row.last_at) == (3, "unforeseen", NOW + timedelta(minutes=1))


@pytest.mark.parametrize("last", [(3, None, 0), (3, Conflict(), 0), (3, SystemDown(), 3)])
async def test_what_is_over_is_forgotten(last: tuple[int, Exception | None, int], database: Database) -> None:
    """Done, refused for good, or with no try left: nothing is listed any more."""
    await tried(database, 2, SystemDown())
    attempt, error, most = last

    await tried(database, attempt, error, most=most)

    assert await noted(database) == []


async def test_what_was_silent_for_long_is_not_listed(database: Database) -> None:
    """A process that died never says that it is over: after an hour of silence the row counts no more, and goes."""
    await tried(database, 2, SystemDown())
    later = NOW + activity_retry.SILENT + timedelta(minutes=1)

    async with database.session() as session:
        listed = await activity_retry.now_retrying(session, later, 10)
        before = await activity_retry.now_retrying(session, NOW, 10)

    assert (listed, len(before)) == ([], 1)


async def test_a_database_that_is_away_takes_nothing_from_the_activity() -> None:
    """The activity's own fault leaves as it is when the row cannot be written."""
    database = Database("postgresql://nobody@127.0.0.1:9/none")

    await tried(database, 2, SystemDown())

    await database.close()
