"""The edge to Temporal: the only place that turns faults into ApplicationErrors.

A failure's text is stored unencrypted and read by everybody in the Temporal UI, so it is a code and that code's fixed
sentence; what really happened goes into the failure's details, which the codec encrypts. The cause chain is cut:
Playwright, Pydantic and SQL errors quote values from screens and rows.
"""

import asyncio
import traceback
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from core import tracing
from core.faults import EndedAlready, Fault, NotYet, RecordsAway, Refused, SystemHeld, Unforeseen

log = structlog.get_logger(__name__)

NOT_YET_DELAY = timedelta(seconds=1)
"""How soon something that could not be done at this moment is tried again by Temporal's retries."""


class FaultEdge(Interceptor):
    """Worker interceptor: every exception of an activity leaves as an ApplicationError with a code."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap the chain of one worker; the argument's name is the SDK's."""
        return _Inbound(next)


class _Inbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  (the SDK's name)
        """Run the activity; what it raises is told in our words only."""
        tracing.note(attempt=activity.info().attempt)
        try:
            return await super().execute_activity(input)
        except (asyncio.CancelledError, ApplicationError):
            raise
        except Fault as fault:
            log.info("activity.fault", activity=activity.info().activity_type, code=fault.code)
            raise _left(fault) from None
        except (OperationalError, InterfaceError, PoolTimeout, DBAPIError) as error:
            log.warning("activity.records_away", activity=activity.info().activity_type, kind=type(error).__name__)
            raise _left(RecordsAway(_detail(error))) from None
        except Exception as error:
            # Not log.exception: what an error says quotes values, and a log is read by everybody.
            log.error(  # noqa: TRY400
                "activity.unforeseen",
                activity=activity.info().activity_type,
                kind=type(error).__name__,
                where=_where(error),
            )
            raise _left(Unforeseen(_detail(error))) from None


def _left(fault: Fault) -> ApplicationError:
    tracing.note(code=fault.code)
    return as_error(fault)


def as_error(fault: Fault) -> ApplicationError:
    """The fault as Temporal carries it: type is the code, the message its fixed sentence, details are encrypted."""
    return ApplicationError(
        fault.sentence(),
        fault.detail,
        list(fault.evidence),
        type=fault.code,
        non_retryable=isinstance(fault, Refused | SystemHeld),  # nothing knocks on what is held
        next_retry_delay=NOT_YET_DELAY if isinstance(fault, NotYet) else None,
        category=_category(fault),
    )


def _category(fault: Fault) -> ApplicationErrorCategory:
    """What waits its turn, or has ended, is in order: the SDK warns of it neither on the terminal nor in figures."""
    in_order = isinstance(fault, NotYet | EndedAlready)
    return ApplicationErrorCategory.BENIGN if in_order else ApplicationErrorCategory.UNSPECIFIED


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)


def _detail(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-8000:]
