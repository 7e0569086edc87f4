"""Asking somebody while keeping the case, putting it aside, and what comes back: an answer, a reply, a word."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.handoffs import ColleagueAsked, Handoffs
from activities.people import Verified
from handoff import messages
from handoff.clock import ClockKind
from workflows import policies
from workflows.book import NoticeIntent, locally
from workflows.handoff_acts import Answer, Ask, ComeBack, HandoffEnd, HandoffStart, Heard, Reply
from workflows.handoff_book import ASIDE, HandoffBook, Happened, QuestionAsked, QuestionClosed, QuestionState
from workflows.handoff_people import wrong_state
from workflows.handoff_standing import OpenQuestion, Standing
from workflows.notices import Notices

BY_MAIL = ("customer", "depot", "carrier")


class Asking:
    """Open questions of one handoff, and its coming back at a moment; the workflow holds its lock."""

    def __init__(self, start: HandoffStart, now: Standing, book: HandoffBook) -> None:
        self._start = start
        self._now = now
        self._book = book
        self.mails = Notices()

    async def ask(self, act: Ask, person: Verified) -> str:
        """The question is kept, and mailed with its link where somebody outside is asked."""
        key = workflow.uuid4()
        to = act.to_address or (self._now.packet.customer.email if act.to_kind == "customer" else "")
        if act.to_kind in BY_MAIL and "@" not in to:
            raise ApplicationError(f"There is no mail address of the {act.to_kind}: give one.", type="input_refused")
        if act.to_kind == "colleague" and to:  # the clocks would stand for somebody who never hears of it
            await locally(Handoffs.colleague, ColleagueAsked(email=to))
        question = QuestionAsked(
            id=key,
            handoff_id=self._start.id,
            case_id=self._start.case_id,
            to_kind=act.to_kind,
            to_address=to,
            question=act.question,
            asked_by=person.email,
            expires_at=act.expires_at,
            pauses=act.pauses,
        )
        opened = OpenQuestion(to_kind=act.to_kind, expires_at=act.expires_at, pauses=act.pauses)
        self._now.questions[str(key)] = opened
        first = {}
        if act.to_kind == "customer":
            self._book.tick(ClockKind.FIRST_RESPONSE.value, "met", by=person.email)
            first = {"first_response_at": workflow.now()}
        if act.pauses:
            self._book.pause(str(key), f"waits for the {act.to_kind}")
        data = {"question": str(key), "to": act.to_kind, "text": act.question, "pauses": act.pauses}
        happened = Happened(name="handoff.asked", actor=person.email, data=data)
        told = self._book.tell("asked", str(key), f"person:{to}", f"{person.name} asks you: {act.question}")
        tells = (told,) if act.to_kind == "colleague" and to else ()
        await self._book.write(happened, columns={**self._book.waiting(), **first}, asked=(question,), tells=tells)
        if act.to_kind in BY_MAIL:
            self.mails.send_later(f"question/{key}")
        return f"Asked. You keep the case; it comes to you when the {act.to_kind} answers or the time is over."

    async def answer(self, act: Answer, person: Verified) -> str:
        """A word to the customer, by mail; that is the first response."""
        customer = self._now.packet.customer
        if customer.contact_preference != "mail" or "@" not in customer.email:
            raise ApplicationError("This customer is not written to by mail.", type="input_refused")
        key = workflow.uuid4()
        message = messages.answer(
            act.text,
            name=customer.name,
            order_no=str(self._now.packet.order.get("order_no", "")),
            case_number=self._start.case_number,
        )
        notice = NoticeIntent(
            occurrence=f"answer/{key}",
            recipient=customer.email,
            message_id=f"<{key}@baton>",
            **message.model_dump(),
        )
        self._book.tick(ClockKind.FIRST_RESPONSE.value, "met", by=person.email)
        happened = Happened(name="handoff.replied", actor=person.email, data={"text": act.text})
        await self._book.write(happened, columns={"first_response_at": workflow.now()}, notice=notice)
        self.mails.send_later(notice.occurrence)
        return f"Written to {customer.email}."

    async def reply(self, act: Reply, person: Verified) -> str:
        """An answer that somebody of the house gives, as from a call."""
        key = str(act.question_id)
        closed = QuestionClosed(id=act.question_id, state=QuestionState.ANSWERED, answer=act.answer, by=person.email)
        asked = self._now.questions.pop(key)
        self._book.resume(key)
        data = {"question": key, "by": asked.to_kind, "text": act.answer}
        happened = Happened(name="handoff.answered", actor=person.email, data=data)
        told = (
            ()
            if self._now.holder == act.by
            else (self._book.tell_holder("answered", key, "your question is answered"),)
        )
        await self._book.write(happened, columns=self._book.waiting(), closed=(closed,), tells=told)
        return "The answer is kept."

    async def hear(self, heard: Heard) -> None:
        """Word from outside, which its writer has put on the timeline already; the same one twice counts once."""
        if self._now.heard_already(heard.id):
            return
        self._now.last_act_at = workflow.now()
        asked = self._now.questions.pop(heard.id, None) if heard.kind == "answer" else None
        closed: tuple[QuestionClosed, ...] = ()
        if asked is not None:
            self._book.resume(heard.id)
        elif heard.kind == "reply":
            closed = self._by_mail()
        answered = closed or heard.kind == "answer"  # also when its time was over as it came
        text = "your question is answered" if answered else "the customer has written"
        told = self._book.tell_holder("answered", heard.id, text)
        await self._book.write(columns=self._book.waiting(), closed=closed, tells=(told,))

    def mail_again(self) -> None:
        """What an earlier run could not mail yet goes on its way; the row knows what is out."""
        for key, question in self._now.questions.items():
            if question.to_kind in BY_MAIL:
                self.mails.send_later(f"question/{key}")

    async def too_late(self, inbox: list[Any], end: HandoffEnd) -> None:
        """Word that came just as it ended: whoever ended it hears, else who leads the queue; nothing opens again."""
        while inbox:
            word = inbox.pop(0)
            if isinstance(word, Heard) and not self._now.heard_already(word.id):
                to = f"person:{end.by}" if end.by else f"lead:{self._now.queue}"
                said = "somebody wrote or answered just as it ended: read it on the timeline"
                await self._book.write(tells=(self._book.tell("answered", word.id, to, said),))

    def _by_mail(self) -> tuple[QuestionClosed, ...]:
        """A mail from the customer answers what the customer was asked, whatever they pressed."""
        answered = [key for key, one in self._now.questions.items() if one.to_kind == "customer"]
        for key in answered:
            del self._now.questions[key]
            self._book.resume(key)
        state = QuestionState.ANSWERED
        return tuple(QuestionClosed.model_validate({"id": key, "state": state, "by": "mail"}) for key in answered)

    async def come_back(self, act: ComeBack, person: Verified) -> str:
        """Put aside until a moment; its holder keeps it."""
        self._now.comes_back_at, self._now.comes_back_why = act.at, act.why
        self._book.resume(ASIDE)
        if act.pauses:
            self._book.pause(ASIDE, f"put aside: {act.why}")
        data = {"at": act.at.isoformat(), "why": act.why, "pauses": act.pauses}
        happened = Happened(name="handoff.comes_back", actor=person.email, data=data)
        await self._book.write(happened, columns=self._book.waiting())
        return "Put aside. You hear of it when it is time."

    async def take_up(self, person: Verified) -> str:
        """Its holder goes on before the moment has come."""
        why, self._now.comes_back_at, self._now.comes_back_why = self._now.comes_back_why, None, ""
        self._book.resume(ASIDE)
        happened = Happened(name="handoff.taken_up", actor=person.email, data={"why": why})
        await self._book.write(happened, columns=self._book.waiting())
        return "You go on with it now."

    # -- what may be done; state only ---------------------------------------------------------------------------------

    def check_question(self, act: Reply) -> None:
        """Raise unless that question is open."""
        if str(act.question_id) not in self._now.questions:
            raise wrong_state("This question has been answered, or nobody waits for it any more.")

    def check_aside(self) -> None:
        """Raise unless it is put aside."""
        if self._now.comes_back_at is None:
            raise wrong_state("This case is not put aside any more: you can go on with it.")

    def check_until(self, at: datetime) -> None:
        """Raise unless the moment lies ahead, and not for ever."""
        now = workflow.now()
        if at <= now:
            raise wrong_state("That moment is over: choose a later one.")
        if at > now + policies.LONGEST_ASIDE:
            raise wrong_state(f"At most {policies.LONGEST_ASIDE.days} days ahead.")
