"""Acts that Temporal gives back: pressed again until there is room, each once."""

import asyncio
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from fallbacks.pressing import press
from tests.support.servers import Temporal

ROOM = 10
"""So many Updates may wait for one workflow (Temporal's `history.maxInFlightUpdates`)."""


@workflow.defn
class Notes:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    @workflow.run
    async def run(self, expected: int) -> list[str]:
        """What it was told, once that is all."""
        await workflow.wait_condition(lambda: len(self._kept) == expected and workflow.all_handlers_finished())
        return self._kept

    @workflow.update
    async def note(self, text: str) -> str:
        """Kept."""
        self._kept.append(text)
        return text


class Watched:
    """A workflow's handle; `given_back` is set once Temporal has given an act back."""

    def __init__(self, handle: WorkflowHandle[Any, Any]) -> None:
        self._handle = handle
        self.given_back = asyncio.Event()

    async def execute_update(self, *arguments: Any, **options: Any) -> Any:
        """As the handle."""
        try:
            return await self._handle.execute_update(*arguments, **options)
        except RPCError:
            self.given_back.set()
            raise


@pytest.mark.failure_mode("F38")
async def test_more_acts_than_may_wait_for_one_workflow(temporal: Temporal) -> None:
    """F38: a crowd presses while nobody works: whoever Temporal has no room for is taken later, each once."""
    crowd = 2 * ROOM
    handle = await temporal.client.start_workflow("Notes", crowd, id="notes", task_queue="notes-of-a-crowd")
    watched: Any = Watched(handle)

    pressing = [asyncio.create_task(press(watched, "note", f"n{one}", key=f"k{one}")) for one in range(crowd)]
    await watched.given_back.wait()
    runner = UnsandboxedWorkflowRunner()
    async with Worker(temporal.client, task_queue="notes-of-a-crowd", workflows=[Notes], workflow_runner=runner):
        answers = await asyncio.gather(*pressing)
        kept = await handle.result()

    assert sorted(answers) == sorted(kept) == sorted(f"n{one}" for one in range(crowd))
