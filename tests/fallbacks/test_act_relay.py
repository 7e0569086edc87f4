"""Acts that waited for Temporal: delivered once and in order, each answered to whoever asked."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from fallbacks.act_relay import NO_ANSWER, NOT_RUNNING, ActRelay
from fallbacks.relay import AWAY, EngineAway, WorkflowGone
from fallbacks.temporal_acts import Answered, LateAct, NoAnswer, TemporalActs
from records import access, waiting_acts
from records.case import Case
from records.database import Database
from records.outbox import OutboxRow
from records.people import Role, User
from records.told import Told
from records.trail import Event
from records.waiting_act import WaitingAct
from tests.fallbacks.conftest import NOW, HandIn, now
from tests.support.servers import Temporal


class Deliverer:
    """Delivers in memory: says what came of each act by its key, and what went wrong where something is named."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.trouble: dict[str, Exception] = {}
        self.refuses: set[str] = set()

    async def deliver(self, act: LateAct) -> Answered:
        """As it is told to."""
        if act.key in self.trouble:
            raise self.trouble[act.key]
        self.heard.append(act.key)
        return Answered(done=act.key not in self.refuses, said="It moved on." if act.key in self.refuses else "Noted.")


class Story:
    """Cases that have begun, and what somebody of service asks of them."""

    def __init__(self, database: Database, numbers: list[str], by: uuid.UUID) -> None:
        self.database = database
        self.numbers = numbers
        self._by = by

    async def ask(self, key: str, *, of: int = 0, act: str = "withdraw") -> None:
        """Keep an act under this key."""
        asked = waiting_acts.Asked(
            workflow_id=f"failed-delivery/{self.numbers[of]}",
            act=act,
            title="Withdrawal",
            key=key,
            by=self._by,
            argument={"by": str(self._by), "reason": key},
        )
        async with self.database.session() as session:
            await waiting_acts.keep(session, asked, NOW)

    async def told(self) -> list[str]:
        """What they were told, in its order."""
        return await self._all(select(Told.text).order_by(col(Told.created_at)))

    async def events(self) -> list[str]:
        """What stands on the timelines about kept acts."""
        return await self._all(select(Event.name).where(col(Event.name).startswith("act.")).order_by(col(Event.id)))

    async def waiting(self) -> list[str]:
        """The keys that wait still, in the order of their delivery."""
        rows = select(OutboxRow.key).join(WaitingAct, col(WaitingAct.outbox_id) == col(OutboxRow.id))
        return await self._all(rows.where(col(WaitingAct.settled_at).is_(None)).order_by(col(WaitingAct.place)))

    async def fault(self, key: str) -> str:
        """What stands in the way of this act."""
        return (await self._all(select(OutboxRow.last_error).where(OutboxRow.key == key)))[0]

    async def begun(self, begun: bool = True) -> None:
        """Whether their workflows were started."""
        async with self.database.session() as session:
            for row in await session.exec(select(OutboxRow).where(OutboxRow.update == "")):
                row.sent_at = NOW if begun else None

    async def close(self) -> None:
        """All of them are closed."""
        async with self.database.session() as session:
            for case in await session.exec(select(Case)):
                case.closed_at = NOW

    async def _all(self, wanted: Any) -> list[str]:
        async with self.database.session() as session:
            return list(await session.exec(wanted))


@pytest.fixture
async def story(database: Database, hand_one_in: HandIn) -> Story:
    """Three cases under way."""
    numbers = [(await hand_one_in(number)).case_number for number in (1, 2, 3)]
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        supervisor = (await session.exec(select(User.id).where(User.role == Role.SUPERVISOR))).one()
    made = Story(database, numbers, supervisor)
    await made.begun()
    return made


@pytest.fixture
def deliverer() -> Deliverer:
    """One that answers."""
    return Deliverer()


@pytest.fixture
def relay(database: Database, deliverer: Deliverer) -> ActRelay:
    """The relay of acts over this test's outbox."""
    return ActRelay(database, deliverer, now)


async def test_acts_of_one_case_go_in_their_order(relay: ActRelay, deliverer: Deliverer, story: Story) -> None:
    """Of each workflow the oldest goes first, and the next once that is answered; no case waits for another."""
    for key, of in (("one", 0), ("two", 0), ("three", 0), ("other", 1)):
        await story.ask(key, of=of)

    first = await relay.run_once(NOW)
    began = set(deliverer.heard)
    rest = [await relay.run_once(NOW) for _ in range(3)]

    assert (first, began) == (2, {"one", "other"})
    assert (rest, deliverer.heard[2:]) == ([1, 1, 0], ["two", "three"])


async def test_whoever_asked_is_told_what_came_of_it(relay: ActRelay, deliverer: Deliverer, story: Story) -> None:
    """A result and a refusal each reach the person once, with the workflow's sentence; a refusal stands on the case."""
    deliverer.refuses = {"two"}
    await story.ask("one")
    await story.ask("two", of=1)

    await relay.run_once(NOW)

    told = sorted(await story.told())
    assert [f"{story.numbers[0]}: “Withdrawal”" in told[0], told[0].endswith("is done. Noted.")] == [True, True]
    assert told[1].endswith("was refused. It moved on.")
    assert await story.events() == ["act.kept", "act.kept", "act.refused"]


async def test_the_same_form_sent_twice_is_kept_once(relay: ActRelay, deliverer: Deliverer, story: Story) -> None:
    """The form's key is the act's: pressed twice it waits once and is delivered once."""
    await story.ask("pressed")
    await story.ask("pressed")

    await relay.run_once(NOW)
    await relay.run_once(NOW)

    assert deliverer.heard == ["pressed"]
    assert len(await story.told()) == 1


async def test_an_act_waits_until_its_workflow_was_started(relay: ActRelay, deliverer: Deliverer, story: Story) -> None:
    """What was asked of a case that Temporal has not begun yet goes after its start."""
    await story.begun(False)
    await story.ask("early")
    before = await relay.run_once(NOW)
    await story.begun()

    after = await relay.run_once(NOW)

    assert (before, after, deliverer.heard) == (0, 1, ["early"])


@pytest.mark.parametrize(
    ("trouble", "fault"), [(EngineAway(), AWAY), (NoAnswer(), NO_ANSWER), (WorkflowGone(), NOT_RUNNING)]
)
async def test_what_cannot_be_delivered_now_stays_first(
    relay: ActRelay, deliverer: Deliverer, story: Story, trouble: Exception, fault: str
) -> None:
    """Away, silent, or without a run while the case is open: it waits with the reason, and nothing overtakes it."""
    await story.ask("one")
    await story.ask("two")
    deliverer.trouble["one"] = trouble
    await relay.run_once(NOW)
    reason = await story.fault("one")
    deliverer.trouble.clear()

    for seconds in (0, 10, 20):
        await relay.run_once(NOW + timedelta(seconds=seconds))

    assert (reason, deliverer.heard) == (fault, ["one", "two"])


async def test_one_that_does_not_answer_holds_up_no_other_case(
    relay: ActRelay, deliverer: Deliverer, story: Story
) -> None:
    """Temporal is back and the first case is silent: what waits for others is not tried one by one behind it."""
    for of, key in enumerate(("silent", "second", "third")):
        await story.ask(key, of=of)
        deliverer.trouble[key] = EngineAway()
    await relay.run_once(NOW)
    deliverer.trouble = {"silent": NoAnswer()}

    for _ in range(2):
        await relay.run_once(NOW + timedelta(seconds=1))

    assert sorted(deliverer.heard) == ["second", "third"]


async def test_what_comes_after_the_end_is_refused(relay: ActRelay, deliverer: Deliverer, story: Story) -> None:
    """Nothing runs for it and its case is closed: whoever asked is told that nothing was changed."""
    await story.ask("late")
    await story.close()
    deliverer.trouble["late"] = WorkflowGone()

    sent = await relay.run_once(NOW)

    assert (sent, await story.waiting()) == (1, [])
    assert (await story.told())[0].endswith("was refused. It has ended meanwhile; nothing was changed.")


@workflow.defn(name="CountsWithdrawals")
class CountsWithdrawals:
    """Withdraws once, then refuses."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self) -> None:
        """Until it was withdrawn and asked to end."""
        await workflow.wait_condition(lambda: "end" in self.heard)

    @workflow.update
    async def withdraw(self, act: dict[str, Any]) -> dict[str, str]:
        """Heard."""
        if self.heard:
            raise ApplicationError("It is withdrawn already.", type="wrong_state", non_retryable=True)
        self.heard.append(act["reason"])
        return {"message": "Withdrawn."}

    @workflow.signal
    def end(self) -> None:
        """Close."""
        self.heard.append("end")


@pytest.mark.failure_mode("F38")
async def test_an_act_delivered_again_is_the_same_act(temporal: Temporal) -> None:
    """F38: a delivery whose mark was lost finds its own answer, while the workflow runs and when it has ended."""
    acts, act = (
        TemporalActs(temporal.client),
        LateAct(workflow_id="c/1", update="withdraw", key="k", argument={"reason": "x"}),
    )
    runner = UnsandboxedWorkflowRunner()
    async with Worker(temporal.client, task_queue="acts", workflows=[CountsWithdrawals], workflow_runner=runner):
        handle = await temporal.client.start_workflow("CountsWithdrawals", id="c/1", task_queue="acts")
        first, again = await acts.deliver(act), await acts.deliver(act)
        other = await acts.deliver(act.model_copy(update={"key": "other"}))
        await handle.signal("end")
        await handle.result()
        afterwards = await acts.deliver(act)
        with pytest.raises(WorkflowGone):
            await acts.deliver(act.model_copy(update={"key": "too late"}))

    assert first == again == afterwards == Answered(done=True, said="Withdrawn.")
    assert other == Answered(done=False, said="It is withdrawn already.")
