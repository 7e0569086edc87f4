"""Activities that Temporal tries again and again: it cannot list them, so each failed repetition is noted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from core import clock
from core.faults import RecordsAway
from records import activity_retry
from records.activity_retry import Repeated
from records.database import Database

log = structlog.get_logger(__name__)


class RetriesNoted(Interceptor):
    """Worker interceptor: from the second failed try of an activity until it ends, a row says so. Goes around the edge
    (`FaultEdge`), whose codes it keeps."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap the chain of one worker; the argument's name is the SDK's."""
        return _Inbound(next, self._database, self._now)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, database: Database, now: Callable[[], datetime]) -> None:
        super().__init__(inner)
        self._database = database
        self._now = now

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  (the SDK's name)
        """Run the activity; a first try is not watched, so that whatever goes well costs nothing."""
        info = activity.info()
        if info.attempt == 1:
            return await super().execute_activity(input)
        try:
            result = await super().execute_activity(input)
        except ApplicationError as error:
            if _is_last(info, error):
                await self._over(info)
            elif error.type != RecordsAway.code:  # it could not be written either
                await self._note(info, error.type or "")
            raise
        await self._over(info)
        return result

    async def _note(self, info: activity.Info, code: str) -> None:
        repeated = Repeated(
            run_id=info.workflow_run_id or "",
            activity_id=_name(info),
            workflow_id=info.workflow_id or "",
            activity=info.activity_type,
            task_queue=info.task_queue,
            attempt=info.attempt,
            code=code,
            since=info.scheduled_time,
            last_at=self._now(),
        )
        try:
            async with self._database.session() as session:
                await activity_retry.note(session, repeated)
        except SQLAlchemyError as trouble:  # the activity's own word is worth more than this row
            log.warning("activity.retry_not_noted", activity=info.activity_type, kind=type(trouble).__name__)

    async def _over(self, info: activity.Info) -> None:
        try:
            async with self._database.session() as session:
                await activity_retry.over(session, info.workflow_run_id or "", _name(info))
        except SQLAlchemyError as trouble:
            log.warning("activity.retry_not_noted", activity=info.activity_type, kind=type(trouble).__name__)


def _name(info: activity.Info) -> str:
    """A local activity may have the number of another one."""
    return f"local/{info.activity_id}" if info.is_local else info.activity_id


def _is_last(info: activity.Info, error: ApplicationError) -> bool:
    policy = info.retry_policy
    if error.non_retryable or policy is None:
        return error.non_retryable
    spent = 0 < policy.maximum_attempts <= info.attempt
    return spent or error.type in (policy.non_retryable_error_types or ())
