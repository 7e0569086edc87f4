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
        """Somebody took the entry over, or said how it goes on: both make the handoff theirs."""
        happened, columns = self._theirs(moved)
        if moved.settled:
            happened.append(self._completed(moved))
            columns |= {**self._people.ended(), "completed_by": moved.email, "resolution": {"kind": _how(moved)}}
        if happened:
            await self._book.write(*happened, columns=columns)
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
