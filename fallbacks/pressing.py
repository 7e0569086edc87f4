"""An act is pressed again, under its key, while its workflow cannot take it yet: a machine that stands still does that.

Temporal gives an Update back when the task that was to take it has failed a few times ("Workflow Task in failed state",
FAILED_PRECONDITION), when ten others wait for the same workflow (RESOURCE_EXHAUSTED), and when no worker took it for
some seconds ("workflow update was aborted", UNAVAILABLE); for the last two the client asks again, but not for long.
Nothing is wrong with the act: there is room for it a moment later. Under its key it counts once.
"""

from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from tenacity import retry, retry_if_exception, wait_fixed

PAUSE = timedelta(milliseconds=500)


_NOT_YET = frozenset({RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.UNAVAILABLE})


def _not_taken_yet(error: BaseException) -> bool:
    return isinstance(error, RPCError) and error.status in _NOT_YET


@retry(retry=retry_if_exception(_not_taken_yet), wait=wait_fixed(PAUSE))
async def press(handle: WorkflowHandle[Any, Any], update: str, argument: Any, *, key: str, **options: Any) -> Any:
    """The workflow's answer to the Update; `options` go to the SDK. Ends only with it: put a time-out around it."""
    return await handle.execute_update(update, argument, id=key, **options)
