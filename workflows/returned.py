"""A case that service returned: its submitter is asked, and it is offered again with their answer, or without one."""

import asyncio

from temporalio import workflow

from core.case import Stage, WaitsFor
from workflows import policies, search
from workflows.acts import AnswerReturn
from workflows.book import Book, Happened, waiting
from workflows.handoff_acts import HandoffEnd
from workflows.handoff_people import wrong_state


class Returned:
    """The question that comes with a returned handoff; `lock` is the one under which people's Updates are handled."""

    def __init__(self, book: Book, lock: asyncio.Lock) -> None:
        self._book = book
        self._lock = lock
        self._asked = False
        self._answer: str | None = None
        self._known: str | None = None

    def remember(self, answer: str | None) -> None:
        """It was answered before this case was begun anew."""
        self._known = answer

    async def ask(self, ended: HandoffEnd) -> str:
        """Wait for the submitter; why the case is offered again."""
        known, self._known = self._known, None
        if known is not None:
            return f"It was returned ({ended.reason}). The answer: {known}"
        self._asked, self._answer = True, None
        search.case_stage(Stage.CORRECTION)
        until = workflow.now() + policies.CORRECTION_TIME
        wait = waiting(WaitsFor.PERSON, f"service returned it: {ended.reason}", mover="the submitter", until=until)
        await self._book.write(case={"stage": Stage.CORRECTION, **wait})
        try:
            await workflow.wait_condition(lambda: self._answer is not None, timeout=policies.CORRECTION_TIME)
        except TimeoutError:
            async with self._lock:  # an answer that is being written down still counts
                self._asked = False
        self._asked = False
        if self._answer is None:
            await self._book.write(Happened(name="return.missed"))
            return f"It was returned ({ended.reason}), and nobody answered within a day."
        return f"It was returned ({ended.reason}). The answer: {self._answer}"

    async def answer(self, act: AnswerReturn, email: str) -> None:
        """Keep the submitter's word."""
        await self._book.write(Happened(name="return.answered", actor=email, data={"answer": act.answer}))
        self._answer = act.answer

    def let_go(self) -> None:
        """Nobody needs the answer any more."""
        self._answer = self._answer or ""

    def check(self) -> None:
        """Raise unless the case waits for the submitter; state only, for validators."""
        if not self._asked or self._answer is not None:
            raise wrong_state("This case does not wait for an answer of its submitter.")
