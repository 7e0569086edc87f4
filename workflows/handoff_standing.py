"""How one handoff stands while its workflow runs; what a run leaves to the next, whole."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from handoff.clock import Clock, Target
from handoff.escalation import Told
from handoff.packet import Packet
from handoff.policy import Policy
from handoff.states import OPEN, HandoffState

REMEMBERED = 200
"""Answers and messages that are known again when they come twice; a client retries within minutes."""


class OpenQuestion(BaseModel):
    """A question that nobody has answered yet."""

    model_config = ConfigDict(frozen=True)

    to_kind: str
    expires_at: datetime
    pauses: bool


class OutageStands(BaseModel):
    """A system that the case waits for is away: which kinds of clocks stand, and what counts instead of some.

    `names`: the clocks that count instead, by the name of the one that stands.
    """

    reason: str
    stand: tuple[str, ...] = ()
    instead: dict[str, Target] = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)

    def keeps(self, clock: Clock) -> bool:
        """Whether a clock of this kind stands for it."""
        return clock.target.kind in self.stand or clock.target.kind in self.instead


class Standing(BaseModel):
    """Everything that decides what may happen next. Not frozen: the workflow moves it, after the record is written."""

    state: HandoffState = HandoffState.OFFERED
    queue: str
    packet: Packet
    policy: Policy
    holder: uuid.UUID | None = None
    holder_email: str = ""
    assigned_to: str = ""
    clocks: dict[str, Clock] = Field(default_factory=dict)
    rounds: int = 1
    """Acceptance clocks so far: each release and each transfer starts another."""
    pauses: dict[str, str] = Field(default_factory=dict)
    """Why the clocks stand: a reason for each open question that pauses, and one for "time"."""
    outages: dict[str, OutageStands] = Field(default_factory=dict)
    questions: dict[str, OpenQuestion] = Field(default_factory=dict)
    comes_back_at: datetime | None = None
    comes_back_why: str = ""
    last_act_at: datetime
    acknowledged_at: datetime | None = None
    told: dict[str, tuple[Told, ...]] = Field(default_factory=dict)
    """Rungs of the ladder that were told, by clock."""
    answers: dict[str, str] = Field(default_factory=dict)
    heard: list[str] = Field(default_factory=list)
    seq: int = 0
    acts: int = 0

    @property
    def open(self) -> bool:
        """Whether somebody can act on it."""
        return self.state in OPEN

    @property
    def waits(self) -> bool:
        """Whether its holder waits for somebody, or until a moment."""
        return bool(self.questions) or self.comes_back_at is not None

    def waits_still(self, queue: str, was: str) -> bool:
        """Whether nobody has it, and it is where somebody saw it, offered to `was`; without a queue nobody says."""
        return self.state is HandoffState.OFFERED and (not queue or (queue, was) == (self.queue, self.assigned_to))

    def answered(self, update_id: str, message: str) -> None:
        """Remember what an Update was answered: the same id in a later run is the same word."""
        self.answers[update_id] = message
        while len(self.answers) > REMEMBERED:
            self.answers.pop(next(iter(self.answers)))

    def heard_already(self, message_id: str) -> bool:
        """Whether this message has come before; remembers it when not."""
        if message_id in self.heard:
            return True
        self.heard = [*self.heard[-REMEMBERED + 1 :], message_id]
        return False
