"""The handoff of an entry that a bot could not finish: what is done with the entry decides it, nothing else."""

from typing import Any

from temporalio import workflow

from handoff.states import HandoffState
from workflows.handoff_acts import EntryMoved
from workflows.handoff_book import HandoffBook, Happened
from workflows.handoff_people import HandoffPeople
from workflows.handoff_standing import Standing


class HandoffEntry:
    """Follows the entry of one handoff; the workflow holds its lock."""

    def __init__(self, now: Standing, book: HandoffBook, people: HandoffPeople) -> None:
        self._now = now
        self._book = book
        self._people = people

    async def moved(self, moved: EntryMoved) -> None:
        """Somebody took the entry over, or said how it goes on: both make the handoff theirs; or passed it on."""
        if moved.queue or moved.to:
            await self._passed_on(moved)
            return
        happened, columns = self._theirs(moved)
        if moved.settled:
            happened.append(self._completed(moved))
            columns |= {**self._people.ended(), "completed_by": moved.email, "resolution": {"kind": _how(moved)}}
        if happened:
            await self._book.write(*happened, columns=columns)
            await self._people.moved()

    async def _passed_on(self, moved: EntryMoved) -> None:
        """It lies in that queue, or is offered to that person; who had it has it no more."""
        self._now.queue = moved.queue or self._now.queue
        columns = {**self._book.give_up(), "why": moved.reason}
        if moved.queue:
            data = {"queue": moved.queue, "reason": moved.reason}
            await self._book.write(Happened(name="handoff.transferred", actor=moved.email, data=data), columns=columns)
        else:
            self._now.assigned_to = moved.to
            data = {"to": moved.to, "reason": moved.reason}
            columns |= {"assigned_to": moved.to, "assigned_at": workflow.now()}
            told = self._book.tell_offered(moved.to, moved.reason)
            happened = Happened(name="handoff.assigned", actor=moved.email, data=data)
            await self._book.write(happened, columns=columns, tells=(told,))
        await self._people.moved()

    def _theirs(self, moved: EntryMoved) -> tuple[list[Happened], dict[str, Any]]:
        """The handoff passes to whoever acted, as far as somebody else has it, or nobody."""
        if self._now.holder_email == moved.email:
            self._now.last_act_at = workflow.now()
            return [], {}
        if self._now.holder_email:
            self._book.give_up()
        self._people.take(moved.by, moved.email)
        self._book.accepted(moved.email)
        columns = {"state": self._now.state, "picked_up_by": moved.email, "picked_up_at": workflow.now()}
        return [Happened(name="handoff.picked_up", actor=moved.email)], columns

    def _completed(self, moved: EntryMoved) -> Happened:
        self._people.close(HandoffState.COMPLETED, moved.email, reason=_how(moved))
        self._book.tick_all("met", by=moved.email)
        return Happened(name="handoff.completed", actor=moved.email, data={"resolution": _how(moved)})


def _how(moved: EntryMoved) -> str:
    return moved.how.removeprefix("item.")
