"""Workflows of other builds, where the sandbox can load them: one broken, one pinned to its build."""

from temporalio import workflow
from temporalio.common import VersioningBehavior


@workflow.defn(name="FailedDeliveryWorkflow")
class Raises:
    """A case whose code is broken."""

    @workflow.run
    async def run(self, _start: object) -> None:
        """Raise what quotes somebody."""
        raise AttributeError("Nobody Knows")


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Kept:
    """Waits for ever, on its build."""

    @workflow.run
    async def run(self) -> None:
        """Wait."""
        await workflow.wait_condition(lambda: False)
