"""An act is pressed again, under its key, while its workflow's own tasks fail: a machine that stands still does that.

Temporal gives an Update back when the task that was to take it has failed a few times ("Workflow Task in failed state",
FAILED_PRECONDITION). Nothing is wrong with the act: the task is done again a moment later. Under its
key it counts once.
"""

from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from tenacity import retry, retry_if_exception, wait_fixed

PAUSE = timedelta(milliseconds=500)


def _its_task_failed(error: BaseException) -> bool:
    return isinstance(error, RPCError) and error.status is RPCStatusCode.FAILED_PRECONDITION


@retry(retry=retry_if_exception(_its_task_failed), wait=wait_fixed(PAUSE))
async def press(handle: WorkflowHandle[Any, Any], update: str, argument: Any, *, key: str, **options: Any) -> Any:
    """The workflow's answer to the Update; `options` go to the SDK. Ends only with it: put a time-out around it."""
    return await handle.execute_update(update, argument, id=key, **options)
