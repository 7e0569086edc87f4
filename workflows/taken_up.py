"""What an earlier run began and what still lives: its end is waited for, and it is never begun a second time."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from workflows import policies
from workflows.long_run import LongRun

Begin = Callable[[], Awaitable[Any]]
"""Starts it; raises WorkflowAlreadyStartedError while it lives. Once it has ended, another run reads its end."""


class TakenUp:
    """Waits, for one case, for whatever was begun before it was begun anew."""

    def __init__(self) -> None:
        self._news = 0

    def stir(self) -> None:
        """Something that lived has ended."""
        self._news += 1

    def _changed(self, long: LongRun | None) -> Callable[[], bool]:
        news = self._news
        return lambda: self._news != news or (long is not None and long.due())

    async def begun(
        self, workflow_id: str, begin: Begin, found: Callable[[Any], None], long: LongRun | None = None
    ) -> Any:
        """The handle of its next run, once it can be begun; `found` gets the one that lives, to speak to meanwhile.

        It is asked to say when it ends, and looked for ever less often all the same. Meanwhile the case may go on in
        another run, once it is `long`.
        """
        pause, lives = policies.TAKEN_UP_POLL, None
        while True:
            try:
                return await begin()
            except WorkflowAlreadyStartedError:
                if lives is None:
                    lives = workflow.get_external_workflow_handle(workflow_id)
                    found(lives)
                    with contextlib.suppress(ApplicationError):  # it has just ended by itself
                        await lives.signal("report_to", workflow.info().workflow_id)
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(self._changed(long), timeout=pause)
            if long is not None and long.due():
                long.go_on()
            pause = min(pause * 2, policies.TAKEN_UP_LONGEST)


async def report(workflow_id: str) -> None:
    """Say that this one has ended to whoever takes it up; to nobody when nobody has asked."""
    if workflow_id:
        with contextlib.suppress(ApplicationError):  # nobody needs to hear any more
            await workflow.get_external_workflow_handle(workflow_id).signal("went_on")
