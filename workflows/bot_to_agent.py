"""Bot to agent: a chat, a self-service session or a call that could not help the customer comes to a person.

An entry that a bot could not finish comes to a person by its own workflow (`item_handoff.py`): it has a case already.
"""

import asyncio
import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import workflow

from activities.people import Action
from core.case import Stage
from core.work_item import Priority
from handoff.bot_to_agent import JOURNEY, FailedSession, packet_of
from handoff.states import HandoffState
from workflows import search
from workflows.acts import AnswerReturn, Told
from workflows.book import Book, Happened, at_stage
from workflows.handing_over import HandingOver, moved
from workflows.handoff_acts import HandoffEnd, Moved
from workflows.handoff_people import verified
from workflows.long_run import LongRun
from workflows.recovered import session_again
from workflows.returned import Returned


class SessionStart(BaseModel):
    """What intake hands over: the case, and the session as the program sent it."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    case_number: str
    submitted_by: str
    report: FailedSession
    priority: Priority = Priority.NORMAL
    recovered: int = 0
    """Which run of it this is, where a run before it was ended outside Baton."""


class SessionEnd(BaseModel):
    """How the case closed."""

    model_config = ConfigDict(frozen=True)

    outcome: str


@workflow.defn(name="BotToAgentWorkflow")
class BotToAgentWorkflow:
    """Carries one failed session until a person has closed it. The single writer of the case."""

    @workflow.init
    def __init__(self, start: SessionStart) -> None:
        self._start = start
        self._book = Book(start.case_id)
        self._lock = asyncio.Lock()
        self._handoff = HandingOver(self._book, start.case_id, start.case_number, JOURNEY, LongRun(self._anew))
        self._returned = Returned(self._book, self._lock)

    @workflow.run
    async def run(self, start: SessionStart) -> SessionEnd:
        """Offered with everything that was said, decided by a person, closed."""
        search.case_stage(Stage.WITH_SERVICE)
        customer = start.report.customer
        known = {"customer_no": customer.customer_no, "customer_name": customer.name}
        stage = at_stage(Stage.WITH_SERVICE, "handing it to a person")
        if start.recovered:
            await session_again(start.case_id, self._handoff, self._returned)
        else:
            await self._book.write(Happened(name="case.started"), case={**known, **stage})
        ended = await self._decided(start.report.what_failed)
        await workflow.wait_condition(workflow.all_handlers_finished)
        outcome = f"closed: {ended.resolution.note if ended.resolution else ended.reason}"
        search.case_stage(Stage.CLOSED)
        await self._book.close(outcome)
        return SessionEnd(outcome=outcome)

    def _anew(self) -> SessionStart:
        return self._start.model_copy(update={"recovered": self._start.recovered + 1})

    async def _decided(self, why: str) -> HandoffEnd:
        """What service returns goes to whoever runs the session first, and then, with their answer, to service."""
        start = self._start
        packet = packet_of(start.case_number, start.report, start.submitted_by)
        while True:
            ended = await self._handoff.offer(packet, why, giver=start.submitted_by, channel=start.report.channel)
            if ended.state is not HandoffState.RETURNED:
                return ended
            why = await self._returned.ask(ended)

    @workflow.signal
    def went_on(self, _: dict[str, str] | None = None) -> None:
        """What an earlier run began has ended."""
        self._handoff.taken_up.stir()

    @workflow.signal
    def handoff_moved(self, told: Moved) -> None:
        """The handoff was taken, put back or ended: the due time follows."""
        moved(told)

    @workflow.update
    async def answer_return(self, act: AnswerReturn) -> Told:
        """Their word on what service returned."""
        async with self._lock:
            person = await verified(act, Action.CORRECT_ORDER)
            self._returned.check()
            await self._returned.answer(act, person.email)
        return Told(message="Thank you. Service has it again, with your answer.")

    @answer_return.validator
    def _may_answer(self, act: AnswerReturn) -> None:
        self._returned.check()
