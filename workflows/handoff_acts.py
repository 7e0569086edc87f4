"""What people can do to a handoff, and what it hears from elsewhere: one frozen model for each Update and signal."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.outcome import keepable
from handoff.packet import Packet
from handoff.resolution import Decision
from handoff.states import HandoffState
from workflows.acts import Act

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
"""A reason or a note: something that another person can read."""


class ReturnIt(Act):
    """Give it back to whoever offered it, who reads the reason and offers it again or not."""

    reason: Words


class Transfer(Act):
    """To another queue, or to another person; the clocks go on."""

    queue: Annotated[str, StringConstraints(max_length=40)] = ""
    to: Annotated[str, StringConstraints(max_length=200)] = ""
    reason: Words

    @model_validator(mode="after")
    def _one_of_them(self) -> "Transfer":
        if bool(self.queue) == bool(self.to):
            raise ValueError("name either a queue or a person")
        return self


class Assign(Act):
    """Offer it to one person: by a supervisor, or by the routing that this supervisor's queue has."""

    to: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


class Ask(Act):
    """A question to somebody while keeping the case; by mail with a link where there is an address.

    `pauses`: the clocks stand until it is answered or has expired, which is `expires_at` in any case.
    """

    to_kind: Literal["customer", "depot", "carrier", "colleague"]
    to_address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    question: Words
    expires_at: AwareDatetime
    pauses: bool = False


class Answer(Act):
    """A text for the customer, as they read it between greeting and reference; nobody waits for an answer to it."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]


class Reply(Act):
    """A colleague's or the holder's own word on an open question, as from a call."""

    question_id: uuid.UUID
    answer: Words


class ComeBack(Act):
    """Put it aside until a moment; `pauses` says whether the clocks stand meanwhile, `why` for whom it may concern."""

    at: AwareDatetime
    pauses: bool = False
    why: Words


class Note(Act):
    """A word for colleagues, or about a call with the customer, which counts as the first response.

    A `step` is one of the protocol that is done; `prepared` is a decision as it was typed, for somebody who may make
    it. `values` are their fields.
    """

    kind: Literal["note", "phone", "step", "prepared"] = "note"
    text: Words
    values: dict[str, str] = Field(default_factory=dict, max_length=20)


class Heard(BaseModel):
    """What came from outside by the outbox: an answer by link, a reply by mail, a word by another program."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    by: str = ""
    text: str = ""

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, sent: Any) -> Any:
        return keepable(sent)


class Assigned(BaseModel):
    """What the routing chose; logged by it as a decision. It saw the handoff in `queue`, offered to `was` by then."""

    model_config = ConfigDict(frozen=True)

    to: str
    reason: str = ""
    decision: str = ""
    queue: str = ""
    was: str = ""


class EntryMoved(BaseModel):
    """What the handoff of a stuck entry hears of it: somebody took it over, or said how it goes on (`settled`).

    With a `queue` or a person (`to`) it was passed on to these, for that `reason`.
    """

    model_config = ConfigDict(frozen=True)

    by: uuid.UUID | None = None
    email: str
    how: str
    settled: bool = False
    queue: str = ""
    to: str = ""
    reason: str = ""


class Moved(BaseModel):
    """What the case hears of its handoff: so that its ticket and its due time follow."""

    model_config = ConfigDict(frozen=True)

    state: HandoffState
    who: str = ""
    note: str = ""
    due_at: datetime | None = None


class HandoffStart(BaseModel):
    """What is passed, to which queue, by whom. `standing` is what a run leaves to the next."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    case_id: uuid.UUID
    case_number: str
    number: int = 1
    kind: Literal["service", "bot", "dispatch"] = "service"
    queue: str = "service"
    offered_by: str = ""
    giver: str = ""
    why: str = ""
    packet: Packet
    item_id: uuid.UUID | None = None
    """The entry that it is about, where a bot passes on what it could not finish."""
    channel: str = ""
    persona: str = ""
    priority: str = "normal"
    acts_per_run: int = Field(default=400, ge=1)
    standing: dict[str, Any] | None = None
    taken_up: bool = False
    """It was offered before: the records say how it stands."""
    reports_to: str = ""
    carried_by: str = ""
    """Whose it is, where nothing carries it that would be its parent."""


class HandoffEnd(BaseModel):
    """How it ended: completed with a resolution, returned with a reason, or withdrawn."""

    model_config = ConfigDict(frozen=True)

    state: HandoffState
    by: str = ""
    at: datetime
    resolution: Decision | None = Field(default=None, discriminator="kind")
    urgent: bool = False
    reason: str = ""
