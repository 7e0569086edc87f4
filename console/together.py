"""Answering or resolving the cases of a problem together: which are covered, with exactly what, and which are not."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from console import bench, changed, telling, workbench
from console.collaborators import Collaborators
from console.forms import FieldError
from console.workbench import Preview
from handoff import joint_answer, messages
from handoff import shown as pages
from handoff.messages import Message
from handoff.packet import Packet
from handoff.states import HandoffState
from records import alike, bulk, queues
from records import workbench as kept
from records.access import Person
from records.bulk import BulkAsked, BulkRow
from records.desk import AtDesk
from records.people import User
from records.problem import Problem
from records.stuck import BOT
from workflows.acts import Act, Resolve
from workflows.handoff_acts import Answer

AT_ONCE = 200
"""Cases that are done together at most; more is another time."""
KINDS = ("reschedule", "refund", "return_to_sender", "close")
"""What can be decided about many: an address and a slot are one case's own."""


@dataclass(frozen=True)
class Covered:
    """One case that is covered: the act that is sent for it, and what it does."""

    found: AtDesk
    act: Act
    preview: Preview | None = None
    mail: Message | None = None

    @property
    def mark(self) -> str:
        """The case as it was previewed: on another one the word does not count."""
        said = f"{changed.shown(self.found)}{self.act.model_dump_json(exclude={'by', 'shown'})}"
        return f"{self.found.case.number}|{hashlib.sha256(said.encode()).hexdigest()[:20]}"


@dataclass(frozen=True)
class LeftOut:
    """One case that is not covered, and why."""

    found: AtDesk
    why: str


@dataclass(frozen=True)
class Sorted:
    """The tied cases: those that are covered, and those that are left out."""

    covered: list[Covered]
    left_out: list[LeftOut]


Judge = Callable[[AtDesk], Covered | str]
"""What is done about one case, or why nothing is."""


@dataclass(frozen=True)
class Around:
    """What every case is judged against: who asks, what they reach, and what people are called."""

    person: Person
    now: datetime
    tied: Sequence[AtDesk]
    in_all: int
    reach: Mapping[str, bool]
    names: Mapping[str, str]

    def sort(self, judge: Judge) -> Sorted:
        """Every tied case, covered or left out."""
        covered: list[Covered] = []
        left_out: list[LeftOut] = []
        for found in self.tied:
            verdict = self._in_the_way(found) or judge(found)
            if isinstance(verdict, str):
                left_out.append(LeftOut(found, verdict))
            else:
                covered.append(verdict)
        return Sorted(covered, left_out)

    def _in_the_way(self, found: AtDesk) -> str:
        handoff = found.handoff
        holder = handoff.picked_up_by
        if handoff.ended_at is not None:
            return "Nobody at the desk has to do anything about it any more."
        if handoff.kind == BOT:
            return "A bot could not finish its entry: it is settled by what is done with the entry."
        if holder is not None and holder != self.person.email:
            return f"{self.names.get(holder, holder)} has it."
        return "" if self.reach[handoff.queue] else f"It waits in the {handoff.queue} queue, which is not yours."


async def around(session: AsyncSession, problem: Problem, person: Person, now: datetime) -> Around:
    """Read the tied cases and what they are judged against."""
    rows, in_all = await alike.tied(session, problem, limit=AT_ONCE)
    tied = [found for _, found in rows]
    user = await session.get_one(User, person.id)
    places = {found.handoff.queue for found in tied}
    return Around(
        person=person,
        now=now,
        tied=tied,
        in_all=in_all,
        reach={name: await queues.within_reach(session, user, name) for name in places},
        names=await kept.names(session, {found.handoff.picked_up_by or "" for found in tied}),
    )


def known(found: AtDesk) -> dict[str, str]:
    """What a text to this customer may name."""
    return {**bench.known(found.packet), "case": found.case.number}


def answering(text: str, person: Person) -> Judge:
    """The text to each customer, by mail, with their own data in it."""

    def judge(found: AtDesk) -> Covered | str:
        customer = found.packet.customer
        if customer.contact_preference != "mail":
            wish = {"phone": "be called", "none": "hear nothing"}[customer.contact_preference]
            return (
                f"The customer prefers to {wish}{': ' + customer.phone if customer.phone and wish[0] == 'b' else ''}."
            )
        if "@" not in customer.email:
            return "There is no e-mail address of the customer."
        missing = joint_answer.lacking(text, known(found))
        if missing:
            return f"Not known here: {', '.join(missing)}."
        said = joint_answer.filled(text, known(found))
        order_no = str(found.packet.order.get("order_no", ""))
        mail = messages.answer(said, name=customer.name, order_no=order_no, case_number=found.case.number)
        return Covered(found, Answer(by=person.id, text=said, shown=_shown(found)), mail=mail)

    return judge


def resolving(values: Mapping[str, str], person: Person, now: datetime) -> Judge:
    """The same decision about each case, if this very case allows it to this very person."""

    def judge(found: AtDesk) -> Covered | str:
        if values.get("kind") not in found.packet.allowed:
            return "This cannot be decided about this case."
        decision, errors = workbench.decide(values, found.packet, now.date(), person)
        if decision is None:
            return " ".join(error.message for error in errors)
        act = Resolve(by=person.id, resolution=decision, takes=True, shown=_shown(found))
        return Covered(found, act, preview=workbench.preview(decision, found))

    return judge


def decision_errors(values: Mapping[str, str], around: Around) -> tuple[FieldError, ...]:
    """What is wrong with the decision whatever the case is."""
    return workbench.decide(values, any_case(around), around.now.date(), around.person)[1]


def any_case(around: Around) -> Packet:
    """A packet that allows what any of the cases allows, of what can be decided about many."""
    allowed = {kind for found in around.tied if found.handoff.ended_at is None for kind in found.packet.allowed}
    return Packet(case_number="", happened="", allowed=tuple(kind for kind in KINDS if kind in allowed))


async def ask(parts: Collaborators, asked: BulkAsked, covered: Sequence[Covered]) -> str:
    """Have it done: one durable action with a result for each case; the address of its page."""
    update = {"answer": "answer", "resolve": "complete"}[asked.kind]
    rows = [
        BulkRow(
            workflow_id=telling.handoff_workflow(one.found.handoff.id),
            update=update,
            act=one.act.model_dump(mode="json"),
            label=_label(one.found),
            link=one.found.path,
            case_id=one.found.case.id,
            handoff_id=one.found.handoff.id,
        )
        for one in covered
    ]
    how = {
        "needs_approval": len(rows) > parts.settings.bulk_four_eyes_above,
        "answer_minutes": parts.settings.bulk_answer_minutes,
    }
    async with parts.database.session() as session:
        action = await bulk.ask(session, asked.model_copy(update=how), rows, parts.clock())
    return bulk.path_of(action.id)


def _label(found: AtDesk) -> str:
    return " ".join(part for part in (found.case.number, found.packet.customer.name) if part)


def _shown(found: AtDesk) -> dict[str, Any]:
    return dict(pages.read(changed.shown(found)))


def free(found: AtDesk) -> bool:
    """Whether nobody has it."""
    return found.handoff.state is HandoffState.OFFERED
