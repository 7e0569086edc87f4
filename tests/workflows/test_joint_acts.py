"""Cases of one problem at their handoffs: a text to a customer, a free case decided in one act, many in one action."""

import asyncio

import pytest
from sqlmodel import col, select

from console import together
from console.collaborators import Collaborators
from core import clock
from handoff.packet import Customer, Packet
from handoff.states import HandoffState
from records import problems
from records.access import person_of, sign_in
from records.bulk import BulkAsked
from records.bulk_action import BulkAction, BulkFate, BulkItem
from records.evidence_store import EvidenceStore
from records.notice import Notice
from records.people import Role
from records.problems import Opened
from tests.replay.histories import keep_handoff
from tests.support.handoffs import Offered, checked, offered
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE
from tests.workflows.cast import CLOSE, refusal
from workflows.acts import Act, Resolve
from workflows.handoff_acts import Answer


async def mails(journey: Journey, one: Offered) -> list[Notice]:
    """What was written to the case's customer."""
    async with journey.database.session() as session:
        return list(await session.exec(select(Notice).where(Notice.case_id == one.case_id)))


async def test_a_text_goes_to_the_customer_and_a_free_case_is_decided_in_one_act(desk_journey: Journey) -> None:
    """The text is one mail however often its word is sent, and the first response; the case waits on, until somebody
    decides it, which picks it up in their name."""
    one = await offered(desk_journey.client, desk_journey.database, clock.now())
    agent = await desk_journey.person(Role.AGENT)
    act = Answer(by=agent, text="The depot is under water.")

    said = {await one.act("answer", act, id="one word") for _ in range(2)}
    answered = await one.row()
    await one.act("complete", Resolve(by=agent, resolution=CLOSE, takes=True))
    await one.handle.result()

    (mail,) = await mails(desk_journey, one)
    assert said == {"Written to grethe@example.org."}
    assert (mail.recipient, "Dear Grethe Holm,\n\nThe depot is under water." in mail.body) == (
        "grethe@example.org",
        True,
    )
    assert (answered.state, answered.first_response_at is not None) == (HandoffState.OFFERED, True)
    assert [event.actor for event in await one.events("handoff.picked_up")] == ["agent@example.org"]
    assert (await one.row()).completed_by == "agent@example.org"
    assert {name: row.outcome for name, row in (await one.clocks()).items()} == dict.fromkeys(
        ("first_response", "acceptance", "resolution"), "met"
    )
    assert (await checked(desk_journey.database)).differing == ()
    await keep_handoff(one.handle, "answered_and_decided_free")


async def test_who_has_a_case_speaks_with_its_customer(desk_journey: Journey) -> None:
    """A case that somebody else has is neither answered nor decided; without `takes` a free one is picked up first; a
    customer who wants no mail gets none."""
    agent, other = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.AGENT, "second")
    called = Packet(case_number="FD-1", happened="", customer=Customer(email="a@b.c", contact_preference="phone"))
    one = await offered(desk_journey.client, desk_journey.database, clock.now())
    unwilling = await offered(desk_journey.client, desk_journey.database, clock.now(), packet=called)

    first = await refusal(one.act("complete", Resolve(by=other, resolution=CLOSE)))
    await one.act("pick_up", Act(by=agent))
    said = [
        await refusal(one.act("answer", Answer(by=other, text="hello"))),
        await refusal(one.act("complete", Resolve(by=other, resolution=CLOSE, takes=True))),
        await refusal(unwilling.act("answer", Answer(by=other, text="hello"))),
    ]

    assert (first, said) == ("wrong_state", ["wrong_state", "wrong_state", "input_refused"])
    assert (await mails(desk_journey, one), await mails(desk_journey, unwilling)) == ([], [])
    assert (await one.row()).picked_up_by == "agent@example.org"


async def settled(journey: Journey) -> list[BulkItem]:
    """What came of each thing of the one action, once it is over."""
    async with asyncio.timeout(PATIENCE), listening(journey.database.url) as notified:
        while True:
            async with journey.database.session() as session:
                if (await session.exec(select(BulkAction))).one().ended_at is not None:
                    return list(await session.exec(select(BulkItem).order_by(col(BulkItem.ordinal))))
            await notified()


@pytest.mark.parametrize("kind", ["answer", "resolve"])
async def test_many_are_treated_in_one_action_with_a_result_for_each(desk_journey: Journey, kind: str) -> None:
    """F54: two are done in the name of who asked; the one that somebody took in between is refused in words, and
    nothing of it is changed."""
    found = [await offered(desk_journey.client, desk_journey.database, clock.now()) for _ in range(3)]
    await desk_journey.person(Role.AGENT)
    colleague, now = await desk_journey.person(Role.AGENT, "second"), clock.now()
    evidence = EvidenceStore.local(desk_journey.settings.data_dir / "evidence")
    parts = Collaborators(desk_journey.database, desk_journey.client, desk_journey.settings, evidence, clock.now)
    async with parts.database.session() as session:
        token = await sign_in(session, "agent@example.org", "a-long-password", now)
        person = await person_of(session, token or "", now)
        assert person is not None
        problem = await problems.open_one(session, Opened(key="k", title="Flood", by=person.email), now)
        assert not any(
            one.said for one in await problems.tie(session, problem, [one.number for one in found], person.email, now)
        )
        around = await together.around(session, problem, person, now)
    judge = (
        together.answering("{name}, wait for {case}.", person)
        if kind == "answer"
        else together.resolving({"kind": "close", "note": "settled"}, person, now)
    )
    covered = around.sort(judge).covered
    asked = BulkAsked(key="k", kind=kind, title="all", by=person.email, by_id=person.id, problem_id=problem.id)

    taken = next(one for one in found if one.id == covered[1].found.handoff.id)
    await taken.act("pick_up", Act(by=colleague))
    path = await together.ask(parts, asked, covered)
    things = await settled(desk_journey)

    assert path.startswith("/bulk-actions/")
    assert [thing.state for thing in things] == [BulkFate.DONE, BulkFate.REFUSED, BulkFate.DONE]
    assert "omebody else has picked this case up" in things[1].said
    done = [one for one in found if one.id != taken.id]
    assert not await taken.events("handoff.completed" if kind == "resolve" else "handoff.replied")
    if kind == "answer":
        bodies = [mail.body for one in done for mail in await mails(desk_journey, one)]
        assert [f"Grethe Holm, wait for {one.number}." in body for one, body in zip(done, bodies, strict=True)] == [
            True,
            True,
        ]
    else:
        assert {(await one.row()).completed_by for one in done} == {"agent@example.org"}
