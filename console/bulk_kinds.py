"""The kinds of bulk actions on failures: what each covers, what it leaves out and why, which word it sends for each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from core.faults import FOR_A_PERSON, UnderWatch
from core.work_item import FINAL, NEEDS_PERSON, State
from records.access import Person
from records.bulk import BulkRow
from records.bulk_action import Proof
from records.bulk_failures import Candidate


class Wish(BaseModel):
    """What the form of a kind asks for, beside the selection."""

    model_config = ConfigDict(frozen=True)


class Retrying(Wish):
    """How fast, whether one goes first, when it stops by itself."""

    canary: bool = False
    rate: int = Field(0, title="Entries a minute", ge=0, le=6000)
    stop_after: int = Field(3, title="Stop after so many failures in a row", ge=0, le=1000)


class Reasoned(Wish):
    """Why."""

    reason: str = Field(title="Reason", min_length=3, max_length=500)


class HandingOver(Reasoned):
    """Why, and to whom: queue:service, person:ada@example.org, or nothing for the queue that such entries lie in."""

    target: str = Field("", title="Who keys them", max_length=220, pattern="^((person|queue):.+)?$")

    @property
    def words(self) -> dict[str, str]:
        """The target as the entry's workflow takes it."""
        kind, _, to = self.target.partition(":")
        return {"queue": to} if kind == "queue" else {"to": to} if kind == "person" else {}


class Assigning(Wish):
    """To whom."""

    to: str = Field(title="Who looks after them", min_length=3, max_length=200)


class FailureKind(ABC):
    """One kind. `press` stands on its button; `left_out` says why one is not covered, `row` what is sent for each.

    `of_line`: it is for what stands in a line, and not for failures.
    """

    name: ClassVar[str]
    verb: ClassVar[str]
    press: ClassVar[str]
    icon: ClassVar[str]
    says: ClassVar[str]
    form: ClassVar[type[Wish]]
    proof: ClassVar[Proof] = Proof.TOLD
    enters: ClassVar[bool] = False
    of_line: ClassVar[bool] = False
    things: ClassVar[tuple[str, str]] = ("failure", "failures")

    def left_out(self, one: Candidate, person: Person, now: datetime) -> str:
        """Why this one is not covered; "" when it is. The same words for the same reason: they are counted."""
        if one.state is State.DONE:
            return "Done already."
        if one.state in FINAL:
            return f"{one.state.value.capitalize()} already."
        if one.holder_id is not None and one.holder_id != person.id:
            return f"{one.holder} works on it."
        if one.busy is not None:
            return f"In another bulk action: {one.busy}."
        return self._barred(one, now)

    @abstractmethod
    def row(self, one: Candidate, person: Person, wish: Any, /) -> BulkRow:
        """What is sent for it."""

    def _barred(self, one: Candidate, now: datetime, /) -> str:
        if one.state in (State.UNKNOWN, State.SUBMITTING):
            at = one.next_look_at
            again = f"looked at again at {at:%H:%M} UTC" if at is not None and at > now else "looked at again soon"
            return f"Nobody has seen whether it was entered: {again}."
        if one.state is State.RUNNING:
            return "A bot has it at this moment."
        if one.state is State.DEFERRED:
            return "It waits for its system's working hours, and goes by itself."
        return ""

    def _update(self, one: Candidate, person: Person, update: str, **act: Any) -> BulkRow:
        return _row(one, workflow_id=f"item/{one.item_id}", update=update, act=_act(person, in_bulk=True, **act))


class Retry(FailureKind):
    """Try again, from the step that failed."""

    name, verb, press, icon = "retry", "Try again", "Try {n} again", "refresh"
    says = "A bot looks on the screen first, and goes on from the step that failed. Done is what the screen shows."
    form, proof, enters = Retrying, Proof.ENTERED, True

    def row(self, one: Candidate, person: Person, _wish: Any, /) -> BulkRow:
        """It passes a hold of its operation."""
        return self._update(one, person, "retry", through_hold=True)

    def _barred(self, one: Candidate, now: datetime, /) -> str:
        if one.state in NEEDS_PERSON and one.code in FOR_A_PERSON:
            return "A person is to key it by hand."
        if one.state in NEEDS_PERSON and one.code == UnderWatch.code:
            return "Its filled form waits for approval."
        if one.state is State.READY and not one.held:
            return "It is on its way already."
        return super()._barred(one, now)


class HandOver(FailureKind):
    """To a person, who keys it by hand."""

    name, verb, press, icon = "hand_over", "Hand over", "Hand over {n}", "headset"
    says = "A person keys it by hand; no bot touches it."
    form = HandingOver

    def row(self, one: Candidate, person: Person, wish: HandingOver, /) -> BulkRow:
        """Rerouted to a person; what belongs to no case lies in no queue, and waits on its file for anybody."""
        whom = wish.words if one.case_id is not None else {}
        return self._update(one, person, "reroute", route="person", reason=wish.reason, **whom)

    def _barred(self, one: Candidate, now: datetime, /) -> str:
        if one.state is State.WITH_PERSON and one.code in FOR_A_PERSON:
            return "A person is to key it by hand already."
        return super()._barred(one, now)


class HandOverHeld(HandOver):
    """What stands in a line, to people: some of it or all, by when it is due."""

    name, verb, press = "hand_over_held", "Send to people", "Send {n} to people"
    says = (
        "A person keys them by hand, and no bot touches them, whatever becomes of the outage. "
        "What stands behind them for the same record waits until that is done."
    )
    of_line, things = True, ("held entry", "held entries")

    def row(self, one: Candidate, person: Person, wish: HandingOver, /) -> BulkRow:
        """Rerouted to a person; it never was a failure."""
        return super().row(one, person, wish).model_copy(update={"failure_id": None})


class Discard(FailureKind):
    """Give up, with a reason."""

    name, verb, press, icon = "discard", "Discard", "Discard {n}", "trash"
    says = "Nothing is entered for them any more, and their cases go on without it. This cannot be taken back."
    form = Reasoned

    def row(self, one: Candidate, person: Person, wish: Reasoned, /) -> BulkRow:
        """Given up."""
        return self._update(one, person, "discard", reason=wish.reason)

    def _barred(self, one: Candidate, now: datetime, /) -> str:
        if one.state is State.READY:
            return "It was not tried yet: withdraw its case or its file instead."
        return super()._barred(one, now)


class Assign(FailureKind):
    """Give to somebody to look after."""

    name, verb, press, icon = "assign", "Assign", "Assign {n}", "user-check"
    says = "Their name stands on each failure from then on. Nothing else changes."
    form = Assigning

    def row(self, one: Candidate, person: Person, wish: Assigning, /) -> BulkRow:
        """A write of ours."""
        return _row(one, update="assign", act=_act(person, to=wish.to, by_name=person.email))

    def _barred(self, _one: Candidate, _now: datetime, /) -> str:
        return ""


def _act(person: Person, **more: Any) -> dict[str, Any]:
    return {"by": str(person.id), **more}


def _row(one: Candidate, **what: Any) -> BulkRow:
    """Its label names the record it is about and our reference in it."""
    return BulkRow(
        item_id=one.item_id,
        case_id=one.case_id,
        failure_id=one.failure_id,
        label=f"{one.target} · {one.reference}",
        link=f"/items/{one.item_id}",
        **what,
    )


KINDS: Mapping[str, FailureKind] = {
    kind.name: kind for kind in (Retry(), HandOver(), Discard(), Assign(), HandOverHeld())
}
