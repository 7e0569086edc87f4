"""Thousands of signals at what waits for a person: it goes on in another run, and each thing is there once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select
from temporalio.client import WorkflowContinuedAsNewError, WorkflowHandle

from core import clock
from records.case import CaseRun
from records.people import Role
from tests.support.handoffs import checked, offered
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, at_desk, in_three_days
from tests.workflows.gone_cast import seen
from tests.workflows.test_process_gone import once_each
from workflows.acts import Act, Resolve
from workflows.handoff_acts import Heard

SIGNALS = 5000
AT_ONCE = 100


async def storm(handle: WorkflowHandle[Any, Any], name: str, word: Callable[[int], Any]) -> None:
    """So many signals, many at a time, each sent and taken; the run that they began with is over then.

    Sender and worker share one process here: a thousand signals in one task would take it longer than the two seconds
    that the SDK grants a task, which then fails and is done again.
    """
    first = (await handle.describe()).run_id
    for sent in range(0, SIGNALS, AT_ONCE):
        await asyncio.gather(*(handle.signal(name, word(sent + number)) for number in range(AT_ONCE)))
        await handle.query("__stack_trace")  # answered once they are taken
    before = handle._client.get_workflow_handle(handle.id, run_id=first)
    with pytest.raises(WorkflowContinuedAsNewError):
        await before.result(follow_runs=False)


@pytest.mark.failure_mode("F44")
async def test_a_handoff_goes_on_in_another_run(desk_journey: Journey) -> None:
    """F44: it comes with everything: who has it, and each word known once."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now())
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))

    await storm(handoff.handle, "heard", lambda count: Heard(kind="reply", id=f"mail-{count % 10}", by="customer"))
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))

    assert (await handoff.handle.result()).state == "completed"
    assert [kind for kind, _ in await handoff.told()].count("answered") == 10
    assert len(await handoff.events("handoff.picked_up")) == 1
    assert not (await checked(desk_journey.database)).differing


@pytest.mark.failure_mode("F44")
async def test_a_case_goes_on_in_another_run(journey: Journey, order_no: str) -> None:
    """F44: while somebody has it, twice: nothing is gone, its holder decides, and each entry is keyed once."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))

    for _ in range(2):
        await storm(journey.case_handle(receipt), "went_on", lambda _: {})
    gone = await seen(journey)
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "closed")

    async with journey.database.session() as session:
        runs = (await session.exec(select(CaseRun).where(CaseRun.case_id == receipt.case_id))).all()
    assert len(runs) >= 3
    assert gone == []
    assert [one.number for one in await journey.handoffs(receipt)] == [1]
    await once_each(journey, receipt, order_no)
