"""A handoff that goes elsewhere meanwhile: a choice that comes too late, a holder who takes no cases any more."""

import asyncio
from collections.abc import Callable

from sqlmodel import select

from records.handoff import Handoff
from records.people import Role
from records.told import Told
from tests.support.handoffs import Offered, checked
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE
from tests.workflows.test_handoff_adversary import depot, held
from workflows.handoff_acts import Assign, Assigned, Note, Transfer
from workflows.handoff_inbox import Left


async def until_row(handoff: Offered, what: Callable[[Handoff], bool]) -> Handoff:
    """Its row, once that holds of it."""
    async with asyncio.timeout(PATIENCE), listening(handoff.database.url) as notified:
        while not what(row := await handoff.row()):
            await notified()
    return row


async def test_what_routing_chose_before_a_transfer_is_passed_over(desk_journey: Journey) -> None:
    """A choice made before the case went to another queue or person gives it to nobody; who gets it reads why."""
    agent, lead = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.SUPERVISOR)
    await desk_journey.person(Role.AGENT, "second")
    one = await held(desk_journey, agent)
    seen = {"to": "second@example.org", "reason": "waited 3 h"}

    await one.act("transfer", Transfer(by=agent, queue="bot", reason="an entry is stuck"))
    await one.handle.signal("assigned", Assigned(**seen, queue="service"))
    await one.act("assign", Assign(by=lead, to="agent@example.org", reason="knows it"))
    await one.handle.signal("assigned", Assigned(**seen, queue="bot"))
    await one.act("note", Note(by=agent, text="still mine"))
    late = (await one.row()).assigned_to
    await one.handle.signal("assigned", Assigned(**seen, queue="bot", was="agent@example.org"))
    await until_row(one, lambda row: row.assigned_to == "second@example.org")

    async with one.database.session() as session:
        told = [row.text for row in await session.exec(select(Told).where(Told.handoff_id == one.id))]

    assert late == "agent@example.org"
    assert sorted(text.partition(": ")[2] for text in told) == [
        "it is offered to you: knows it.",
        "it is offered to you: waited 3 h.",
    ]
    assert len(await one.events("handoff.assigned")) == 2


async def test_whoever_takes_no_cases_any_more_loses_it_whatever_they_wait_for(desk_journey: Journey) -> None:
    """With a question open nobody is idle: once its holder is gone it waits in the queue, and the lead is told."""
    agent = await desk_journey.person(Role.AGENT)
    await desk_journey.person(Role.SUPERVISOR)
    one = await held(desk_journey, agent)
    await one.act("ask", depot(agent))

    for _ in range(2):
        await one.handle.signal("left", Left(email="agent@example.org", why="takes no cases any more"))
    row = await until_row(one, lambda row: row.picked_up_by is None)

    assert (row.state, row.wait_for, row.paused) == ("offered", "depot", "waits for the depot")
    assert ("idle_released", "supervisor@example.org") in await one.told()
    assert len(await one.events("handoff.released")) == 1
    assert (await checked(desk_journey.database)).differing == ()
