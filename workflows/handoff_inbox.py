"""What reaches a handoff from outside: noted at once and in order; its workflow writes it down with its lock."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import workflow

from handoff.packet import Packet
from workflows.handoff_acts import Assigned, EntryMoved, Heard
from workflows.handoff_outage import OutageHits


class Left(BaseModel):
    """Somebody can act on nothing any more: their account was closed, or their role takes no cases."""

    model_config = ConfigDict(frozen=True)

    email: str
    why: str


class Inbox:
    """The signals of a handoff's workflow; words wait in `_inbox`."""

    _inbox: list[Any]
    _withdrawn: str | None
    _reports_to: str

    def __init__(self, *_start: Any) -> None:
        self._inbox, self._withdrawn = [], None

    @workflow.signal
    def heard(self, heard: Heard) -> None:
        """An answer, a reply, or another program's word."""
        self._inbox.append(heard)

    @workflow.signal
    def assigned(self, chosen: Assigned) -> None:
        """The routing has chosen somebody."""
        self._inbox.append(chosen)

    @workflow.signal
    def left(self, left: Left) -> None:
        """Somebody who may have it can act no longer."""
        self._inbox.append(left)

    @workflow.signal
    def entry_moved(self, moved: EntryMoved) -> None:
        """The entry that it is about was taken over, or goes on."""
        self._inbox.append(moved)

    @workflow.signal
    def outage(self, word: OutageHits) -> None:
        """A system that its case waits for is away, or no longer in its way."""
        self._inbox.append(word)

    @workflow.signal
    def report_to(self, workflow_id: str) -> None:
        """Its case was begun anew, and wants to hear when it ends."""
        self._reports_to = workflow_id

    @workflow.signal
    def refresh(self, packet: Packet) -> None:
        """What is passed along has changed."""
        self._inbox.append(packet)

    @workflow.signal
    def withdraw(self, reason: str) -> None:
        """The case needs nobody's decision any more."""
        self._withdrawn = reason
