"""Workflow tasks that are thrown away after they ran, as on a machine that stands still: each is done again."""

from collections import Counter
from typing import Any

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from baton import wiring
from records.people import Role
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, in_three_days
from tests.workflows.gone_cast import recovered, seen, terminate
from tests.workflows.test_process_gone import name_of, once_each
from workflows.acts import Act, Resolve

SHARE = 2
"""Every second activation is thrown away, but for those spared."""
SPARED = 6
"""So many of the same workflow are not, after one: for a task that fails twice in a row the server waits longer."""

ONCE = ("case.started", "order.read", "cause.decided", "handoff.offered", "handoff.picked_up", "case.closed")


class Discarding(WorkflowRunner):
    """Runs each task, and says of some that they failed."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner
        self.discarded = 0
        self.ran = 0
        self._spared: Counter[str] = Counter()

    def prepare_workflow(self, defn: Any) -> None:
        """As the one beneath."""
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One whose tasks may be thrown away."""
        instance = self._runner.create_instance(det)
        ran = instance.activate

        def activate(act: WorkflowActivation) -> WorkflowActivationCompletion:
            done = ran(act)
            if self.discards(act):
                done = WorkflowActivationCompletion(run_id=act.run_id)
                done.failed.failure.message = "thrown away"
            return done

        instance.activate = activate  # type: ignore[method-assign]
        return instance

    def discards(self, act: WorkflowActivation) -> bool:
        """Whether this one is thrown away."""
        if act.is_replaying or any(job.HasField("remove_from_cache") for job in act.jobs):
            return False
        self.ran += 1
        if self._spared[act.run_id] or self.ran % SHARE:
            self._spared[act.run_id] = max(0, self._spared[act.run_id] - 1)
            return False
        self._spared[act.run_id] = SPARED
        self.discarded += 1
        return True


class Failing(Discarding):
    """Throws every task away until so many went."""

    most = 0

    def discards(self, act: WorkflowActivation) -> bool:
        """Whether this one is thrown away."""
        if self.discarded >= self.most or any(job.HasField("remove_from_cache") for job in act.jobs):
            return False
        self.discarded += 1
        return True


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """The worker of this test fails for a while, once it is told to."""
    runner = Failing(wiring.workflow_runner())
    monkeypatch.setattr(wiring, "workflow_runner", lambda: runner)
    return runner


@pytest.fixture
def discarding(monkeypatch: pytest.MonkeyPatch) -> Discarding:
    """The worker of this test throws tasks away."""
    runner = Discarding(wiring.workflow_runner())
    monkeypatch.setattr(wiring, "workflow_runner", lambda: runner)
    return runner


@pytest.mark.failure_mode("F33")
async def test_tasks_thrown_away(discarding: Discarding, journey: Journey, order_no: str) -> None:
    """F33: a case loses many of its tasks, and its process: all is kept, keyed and told once."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "closed")

    assert discarding.discarded
    await once_each(journey, receipt, order_no)
    assert len(await journey.handoffs(receipt)) == 1
    events = await journey.events(receipt)
    assert {name: events.count(name) for name in ONCE} == dict.fromkeys(ONCE, 1)


async def test_an_act_that_temporal_gives_back(failing: Failing, journey: Journey) -> None:
    """An Update whose workflow's tasks fail is given back ("in failed state"): pressed again, it counts once."""
    receipt = await at_desk(journey)
    agent = await journey.person(Role.AGENT)
    failing.most = 8

    said = await journey.act_at_desk(receipt, "pick_up", Act(by=agent))

    assert failing.discarded == 8
    assert said == "You have this case now."
    assert (await journey.events(receipt)).count("handoff.picked_up") == 1
