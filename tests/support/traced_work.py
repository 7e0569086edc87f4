"""A small case or file whose spans are looked at: one step, which may fail, and one entry."""

import contextlib
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

SECRET = "Greta Lindqvist, Hafenweg 12a"
WITHIN = timedelta(minutes=10)
ONCE = RetryPolicy(maximum_attempts=1)


@activity.defn
async def key_in(word: str) -> None:
    """Keys it; "fail" does not work out, and what it says of that names a customer."""
    if word == "fail":
        raise RuntimeError(SECRET)


@workflow.defn
class Entry:
    """An entry."""

    @workflow.run
    async def run(self) -> None:
        """Key it."""
        await workflow.execute_activity(key_in, "entry", schedule_to_close_timeout=WITHIN)


@workflow.defn
class Keying:
    """A case, or a file: its id says."""

    @workflow.run
    async def run(self, word: str) -> None:
        """Its own step, then the entry."""
        with contextlib.suppress(ActivityError):
            await workflow.execute_activity(key_in, word, schedule_to_close_timeout=WITHIN, retry_policy=ONCE)
        await workflow.execute_child_workflow(Entry.run, id=f"item/{workflow.info().workflow_id}")
