"""The workflows as a careless change would leave them: what the replay tests must catch."""

from temporalio import workflow

from workflows.case_start import CaseEnd, CaseStart
from workflows.failed_delivery import FailedDeliveryWorkflow
from workflows.work_item import ItemEnd, ItemStart, WorkItemWorkflow


@workflow.defn(name="FailedDeliveryWorkflow")
class HastyCase(FailedDeliveryWorkflow):
    """The case's workflow with one more step at its start."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        """Rest first."""
        await workflow.sleep(1)
        return await super().run(start)


@workflow.defn(name="FailedDeliveryWorkflow")
class RaisingCase(FailedDeliveryWorkflow):
    """The case's workflow with a mistake in its first line."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        """Fails, and is tried again for ever."""
        raise ValueError(f"a mistake, met by {workflow.info().workflow_id}, that began {start is not None}")


@workflow.defn(name="WorkItemWorkflow")
class HastyItem(WorkItemWorkflow):
    """The item's workflow with one more step at its start."""

    @workflow.init
    def __init__(self, start: ItemStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ItemStart) -> ItemEnd:
        """Rest first."""
        await workflow.sleep(1)
        return await super().run(start)
