"""Handoffs under attack: ends that leave nothing open, words that come too late, passings that go nowhere."""

import asyncio
import dataclasses
import re
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from core import clock
from fallbacks.relay import STILL_CLOSING, Start
from fallbacks.temporal_starter import TemporalStarter
from handoff.policy import Policies
from records import handoff_book, hearing, questions
from records.handoff import Handoff, HandoffQuestion
from records.notice import Notice
from records.outbox import OutboxRow
from records.people import Role
from records.questions import Given
from tests.replay import histories
from tests.support.floor import Floor
from tests.support.handoffs import Offered, checked, offered
from tests.support.journey import Journey, baton_without_bots, listening
from tests.support.patience import PATIENCE
from tests.workflows.cast import CLOSE, refusal
from workflows.acts import Act, Release, Resolve
from workflows.handoff_acts import Ask, Assign, ComeBack, Heard, Note, ReturnIt, Transfer


@pytest.fixture
async def without_mail(
    database_url: str, client: Client, floor: Floor, tmp_path: Path, secrets_known: None
) -> AsyncIterator[Journey]:
    """A running Baton whose mail server is away."""
    away = dataclasses.replace(floor, smtp="smtp://127.0.0.1:1")
    async with baton_without_bots(client, database_url, away, tmp_path) as running:
        yield running


def depot(agent: uuid.UUID, days: int = 2) -> Ask:
    """A question by mail, for which the clocks stand."""
    until = clock.now() + timedelta(days=days)
    return Ask(by=agent, to_kind="depot", to_address="depot@example.org", question="Where is it?", expires_at=until,
               pauses=True)  # fmt: skip


async def held(journey: Journey, agent: uuid.UUID, **words: object) -> Offered:
    """A handoff that the agent has."""
    one = await offered(journey.client, journey.database, clock.now(), **words)
    await one.act("pick_up", Act(by=agent))
    return one


async def asked_of(handoff: Offered) -> list[HandoffQuestion]:
    """What was asked on it, as it is kept."""
    async with handoff.database.session() as session:
        return list(await session.exec(select(HandoffQuestion).where(HandoffQuestion.handoff_id == handoff.id)))


async def answered(handoff: Offered) -> None:
    """Wait until it waits for the depot no more."""
    async with asyncio.timeout(PATIENCE), listening(handoff.database.url) as notified:
        while (await handoff.row()).wait_for == "depot":
            await notified()


async def test_whatever_ends_it_closes_what_was_asked(desk_journey: Journey) -> None:
    """Decided, returned, withdrawn, cancelled or lost with a question open: no answer is taken that nobody reads."""
    agent = await desk_journey.person(Role.AGENT)
    five = [await held(desk_journey, agent) for _ in range(5)]
    await asyncio.gather(*(one.act("ask", depot(agent)) for one in five))
    decided, returned, withdrawn, cancelled, lost = five

    await decided.act("complete", Resolve(by=agent, resolution=CLOSE))
    await returned.act("return_it", ReturnIt(by=agent, reason="not ours"))
    await withdrawn.handle.signal("withdraw", "the customer has moved")
    await cancelled.handle.cancel()
    await lost.handle.terminate("by hand")
    await asyncio.gather(*(one.handle.result() for one in five), return_exceptions=True)
    async with desk_journey.database.session() as session:
        await handoff_book.abandon(session, lost.id, clock.now())

    states = [[row.state.value for row in await asked_of(one)] for one in five]
    async with desk_journey.database.session() as session:
        notice = (await session.exec(select(Notice).where(Notice.case_id == decided.case_id))).one()
        link = re.search(r"/answers/(\S+)", notice.body)
        assert link is not None
        before = await questions.answer(session, link.group(1), Given(text="In the van."), clock.now())
    assert (states, before) == ([["withdrawn"]] * 5, "withdrawn")
    assert not await decided.events("handoff.answered")
    assert not (await checked(desk_journey.database)).differing


async def test_a_mail_server_that_is_away_holds_nothing_up(without_mail: Journey) -> None:
    """A question that cannot be mailed yet: words are heard, runs go on, and a decision ends it at once."""
    agent = await without_mail.person(Role.AGENT)
    handoff = await held(without_mail, agent, acts_per_run=2)
    first = (await handoff.handle.describe()).run_id
    await handoff.act("ask", depot(agent))
    for count in range(4):
        await handoff.act("note", Note(by=agent, text=f"note {count}"))
    await handoff.handle.signal("heard", Heard(kind="reply", id="<a@mail>", by="customer"))
    later = (await handoff.handle.describe()).run_id
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))

    end = await asyncio.wait_for(handoff.handle.result(), PATIENCE)

    assert (end.state, later != first) == ("completed", True)
    assert [kind for kind, _ in await handoff.told()].count("answered") == 1
    history = await handoff.handle.fetch_history()
    await histories.replayer().replay_workflow(await histories.decoded(history))


async def test_a_word_that_comes_with_the_end_is_told_to_whoever_decided(desk_journey: Journey) -> None:
    """The customer writes in the moment of the decision: whoever decided hears, and nothing opens again by itself."""
    agent = await desk_journey.person(Role.AGENT)
    handoff = await held(desk_journey, agent)
    heard = Heard(kind="reply", id="<late@mail>", by="customer", text="Wait!")

    acts = [handoff.act("complete", Resolve(by=agent, resolution=CLOSE))]
    words = [handoff.handle.signal("heard", heard) for _ in range(3)]
    told = await asyncio.gather(*acts, *words, return_exceptions=True)

    await handoff.handle.result()
    taken = [one for one in told if one is None]
    assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, RPCError)]
    assert [kind for kind, _ in await handoff.told()].count("answered") == (1 if taken else 0)
    assert (await handoff.row()).state == "completed"


async def test_a_decision_that_was_taken_stays_one_when_it_is_cancelled(desk_journey: Journey) -> None:
    """A cancel in the moment of the decision never makes a completed handoff a withdrawn one."""
    agent = await desk_journey.person(Role.AGENT)
    several = [await held(desk_journey, agent) for _ in range(4)]

    async def ended(one: Offered) -> tuple[str, int]:
        await asyncio.gather(
            one.act("complete", Resolve(by=agent, resolution=CLOSE)), one.handle.cancel(), return_exceptions=True
        )
        with pytest.raises(WorkflowFailureError):
            await one.handle.result()
        names = [event.name for event in await one.events()]
        return (await one.row()).state.value, names.count("handoff.completed") + 10 * names.count("handoff.withdrawn")

    found = await asyncio.gather(*(ended(one) for one in several))

    assert set(found) <= {("completed", 1), ("withdrawn", 10)}


async def test_it_is_passed_nowhere_by_mistake(desk_journey: Journey) -> None:
    """To who has it, twice to the same person, to a queue or a colleague that is not there: told once, or refused."""
    agent, lead = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.SUPERVISOR)
    other = await desk_journey.person(Role.SUPERVISOR, "other")
    await desk_journey.person(Role.AGENT, "second")
    handoff = await held(desk_journey, agent)
    until = clock.now() + timedelta(hours=1)

    nobody = Ask(by=agent, to_kind="colleague", to_address="nobody@example.org", question="What now?", expires_at=until)
    refused = [
        await refusal(handoff.act("transfer", Transfer(by=agent, to="agent@example.org", reason="to myself"))),
        await refusal(handoff.act("assign", Assign(by=lead, to="agent@example.org"))),
        await refusal(handoff.act("transfer", Transfer(by=agent, queue="attic", reason="away with it"))),
        await refusal(handoff.act("transfer", Transfer(by=agent, queue=" ", reason="away with it"))),
        await refusal(handoff.act("ask", nobody)),
    ]
    with_them = await handoff.row()
    await asyncio.gather(
        handoff.act("assign", Assign(by=lead, to="second@example.org")),
        handoff.act("assign", Assign(by=other, to="second@example.org")),
    )

    assert refused == ["wrong_state", "wrong_state", "wrong_state", "wrong_state", "not_a_colleague"]
    assert with_them.picked_up_by == "agent@example.org"
    assert ((await handoff.row()).assigned_to, (await handoff.told()).count(("assigned", "second@example.org"))) == (
        "second@example.org",
        1,
    )
    assert {"acceptance", "acceptance#2"} == {name for name in await handoff.clocks() if name.startswith("accep")}


async def test_why_the_clocks_stand_is_said_as_it_is_now(desk_journey: Journey) -> None:
    """Asked and put aside, then answered: what still holds the clocks is shown. Put back, no own pause is left."""
    agent = await desk_journey.person(Role.AGENT)
    handoff = await held(desk_journey, agent)
    until = clock.now() + timedelta(days=3)
    long = Note.model_construct(by=agent, kind="note", text="x" * 5000, values={})
    with pytest.raises(WorkflowUpdateFailedError):
        await handoff.act("note", long)
    await handoff.act("note", Note(by=agent, text="ä\u0000 ☂ \ud800 there"))

    await handoff.act("ask", depot(agent))
    await handoff.act("come_back", ComeBack(by=agent, at=until, pauses=True, why="they travel"))
    (question,) = await asked_of(handoff)
    await handoff.handle.signal("heard", Heard(kind="answer", id=str(question.id), by="depot"))
    await answered(handoff)
    aside = await handoff.row()
    await handoff.act("release", Release(by=agent, reason="ill"))
    back = await handoff.row()

    assert (await handoff.events("handoff.noted"))[0].data["text"].startswith("ä")
    assert (aside.wait_for, aside.paused) == ("time", "put aside: they travel")
    assert (back.wait_for, back.paused, (await handoff.clocks())["resolution"].state) == ("", "", "running")
    assert not (await checked(desk_journey.database)).differing


async def test_a_policy_of_one_target_is_due_by_what_runs(desk_journey: Journey) -> None:
    """Only acceptance counts: taken, put back, taken again; what is due is the clock that runs."""
    text = 'version = "1"\n[calendars.c]\ntime_zone = "UTC"\nhours = ["Mon-Sun 00:00-24:00"]\n[policies.any]\n'
    Policies.read(text + 'calendar = "c"\nacceptance = "4h"\n')
    assert desk_journey.settings.policies_file is not None
    desk_journey.settings.policies_file.write_text(text + 'calendar = "c"\nacceptance = "4h"\n', encoding="utf-8")
    agent = await desk_journey.person(Role.AGENT)
    handoff = await held(desk_journey, agent)

    await handoff.act("release", Release(by=agent))
    again = await handoff.row()
    await handoff.act("pick_up", Act(by=agent))
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))

    assert again.due_at == (await handoff.clocks())["acceptance#2"].started_at + timedelta(hours=4)
    assert (await handoff.handle.result()).state == "completed"


async def test_another_round_begins_only_once_the_one_before_has_closed(desk_journey: Journey) -> None:
    """A case is opened again while its old run still closes: the relay waits for it, and begins one round, once."""
    receipt = await desk_journey.hand_in("9199998")
    case = desk_journey.case_handle(receipt)
    await desk_journey.until_stage(receipt, "reading")
    first = (await case.describe()).run_id

    async def relayed(run: int) -> OutboxRow:
        async with desk_journey.database.session() as session:
            return (await session.exec(select(OutboxRow).where(OutboxRow.run == run))).one()

    async with desk_journey.database.session() as session:
        began = (await session.exec(select(OutboxRow).where(OutboxRow.run == 1))).one()
        again = {**began.model_dump(exclude={"id"}), "run": 2, "sent_at": None, "tries": 0}
        session.add(OutboxRow.model_validate(again))
    async with asyncio.timeout(PATIENCE), listening(desk_journey.database.url, 0.1) as notified:
        while not (held_up := await relayed(2)).tries:
            await notified()
        await case.terminate("closed")
        while (await relayed(2)).sent_at is None:
            await notified()
    second = (await case.describe()).run_id
    await case.terminate("closed")
    starter = TemporalStarter(desk_journey.client, "http://127.0.0.1:8400")
    await starter.start(Start(**began.model_dump(include={"workflow_type", "workflow_id", "task_queue", "argument"}),
                              run=2))  # fmt: skip

    assert (held_up.sent_at, held_up.last_error) == (None, STILL_CLOSING)
    assert first != second == (await case.describe()).run_id


async def test_a_customers_word_goes_to_service_also_while_an_entry_is_stuck(desk_journey: Journey) -> None:
    """A case with a handoff of its own and a younger one of an entry: who writes is heard by who has the case."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now())
    async with desk_journey.database.session() as session:
        mine = await session.get_one(Handoff, handoff.id)
        entry = {**mine.model_dump(), "id": uuid.uuid4(), "kind": "bot", "queue": "bot", "offered_at": clock.now()}
        session.add(Handoff.model_validate(entry))
    async with desk_journey.database.session() as session:
        found = await hearing.open_handoff(session, handoff.case_id)

    assert found == handoff.id
