"""What comes about by time alone: a clock at risk or breached, a silent holder, a question without an answer."""

from datetime import datetime

from temporalio import workflow

from activities.handoffs import Handoffs, Seen, SeenAsked
from handoff.escalation import Call, Told, calls_due, next_call_at
from handoff.states import HandoffState
from workflows.book import locally
from workflows.handoff_acts import HandoffStart
from workflows.handoff_book import ASIDE, HandoffBook, Happened, QuestionClosed, QuestionState, Tell
from workflows.handoff_inbox import Left
from workflows.handoff_standing import Standing

IT = "role:it"


class Alarms:
    """The timers of one handoff, looked at whenever one may have run out; each is told once."""

    def __init__(self, start: HandoffStart, now: Standing, book: HandoffBook) -> None:
        self._start = start
        self._now = now
        self._book = book

    def next_moment(self) -> datetime | None:
        """When something may come about next."""
        moments = [self._book.next_moment(), self._now.comes_back_at, self._idle_at()]
        moments += [question.expires_at for question in self._now.questions.values()]
        for name, clock in self._now.clocks.items():
            told = self._now.told.get(name, ())
            moments.append(next_call_at(self._now.policy.ladder, clock, told, self._now.acknowledged_at))
        return min((moment for moment in moments if moment is not None), default=None)

    async def run_out(self) -> None:
        """Write down what has come about by now; the workflow holds its lock."""
        await self._expire()
        await self._come_back()
        await self._idle()
        await self._clocks()

    async def _clocks(self) -> None:
        fallen = [name for name in self._now.clocks if self._book.fall_due(name)]
        calls = [(name, call) for name in self._now.clocks for call in self._calls(name)]
        if not fallen and not calls:
            return
        for name, call in calls:
            self._now.told[name] = (*self._now.told.get(name, ()), Told(step=call.step, at=workflow.now()))
        events = [
            Happened(
                name="handoff.escalated",
                data={"clock": name, "tells": call.tells, "count": call.count, "step": call.step},
            )
            for name, call in calls
        ]
        tells = [tell for name, call in calls for tell in self._tells(name, call)]
        await self._book.write(*events, tells=tuple(tells))

    def _calls(self, name: str) -> tuple[Call, ...]:
        told = self._now.told.get(name, ())
        clock, since = self._now.clocks[name], self._now.acknowledged_at
        return calls_due(self._now.policy.ladder, clock, workflow.now(), told, since)

    def _tells(self, name: str, call: Call) -> list[Tell]:
        """Whoever the rung names; nobody where it names the holder and nobody has it."""
        breached = self._now.clocks[name].breached_at is not None
        holder = self._now.holder_email or self._now.assigned_to
        to = {"holder": f"person:{holder}" if holder else "", "lead": f"lead:{self._now.queue}", "it": IT}[call.tells]
        if not to:
            return []
        what = name.partition("#")[0].replace("_", " ")
        words = f"its time for {what} is over" if breached else f"its time for {what} is nearly over"
        return [self._book.tell("breached" if breached else "at_risk", f"{name}/{call.step}/{call.count}", to, words)]

    async def _expire(self) -> None:
        for key, question in list(self._now.questions.items()):
            if question.expires_at > workflow.now():
                continue
            del self._now.questions[key]
            self._book.resume(key)
            self._now.last_act_at = workflow.now()
            happened = Happened(name="handoff.question_expired", data={"question": key, "to": question.to_kind})
            told = self._book.tell_holder(
                "answered", f"{key}/expired", f"the {question.to_kind} did not answer in time"
            )
            closed = QuestionClosed.model_validate({"id": key, "state": QuestionState.EXPIRED})
            await self._book.write(happened, columns=self._book.waiting(), closed=(closed,), tells=(told,))

    async def _come_back(self) -> None:
        at = self._now.comes_back_at
        if at is None or at > workflow.now():
            return
        why, self._now.comes_back_at, self._now.comes_back_why = self._now.comes_back_why, None, ""
        self._book.resume(ASIDE)
        self._now.last_act_at = workflow.now()
        told = self._book.tell_holder("came_back", at.isoformat(), f"it is time to go on ({why})")
        happened = Happened(name="handoff.came_back", data={"why": why})
        await self._book.write(happened, columns=self._book.waiting(), tells=(told,))

    def _idle_at(self) -> datetime | None:
        idle = self._now.policy.idle
        if idle is None or self._now.state is not HandoffState.PICKED_UP or self._now.waits:
            return None
        return self._now.policy.calendar.after(self._now.last_act_at, idle)

    async def _idle(self) -> None:
        """The holder did nothing for long; a workbench that is open counts as being there."""
        at = self._idle_at()
        if at is None or at > workflow.now():
            return
        was = self._now.holder_email
        seen: Seen = await locally(Handoffs.seen, SeenAsked(handoff_id=self._start.id, email=was))
        if seen.at is not None and seen.at > self._now.last_act_at:
            self._now.last_act_at = seen.at
            if (later := self._idle_at()) is not None and later > workflow.now():
                return
        columns = self._book.give_up()
        kind, when = "idle_released", f"idle/{workflow.now().isoformat()}"
        tells = (
            self._book.tell(kind, when, f"lead:{self._now.queue}", f"{was} was idle; it waits for somebody again"),
            self._book.tell(kind, when, f"person:{was}", "it went back to the queue: nothing moved for long"),
        )
        await self._book.write(Happened(name="handoff.idle_released", data={"was": was}), columns=columns, tells=tells)

    async def left(self, left: Left) -> None:
        """Who had it, or was offered it, can act no longer, whatever they wait for: it waits for somebody again."""
        if left.email not in (self._now.holder_email, self._now.assigned_to):
            return
        columns = self._book.give_up()
        happened = Happened(name="handoff.released", data={"reason": f"{left.email}: {left.why}"})
        text = f"{left.email} had it, and can act no longer ({left.why}); it waits for somebody again"
        told = self._book.tell("idle_released", f"left/{workflow.now().isoformat()}", f"lead:{self._now.queue}", text)
        await self._book.write(happened, columns=columns, tells=(told,))
