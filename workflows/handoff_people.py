"""What people do with a handoff, and what reaches it from outside; each is written before it is answered."""

import uuid
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.handoffs import Colleague, ColleagueAsked, Handoffs
from activities.people import Action, People, Verified, VerifyActor
from handoff import limits
from handoff.clock import ClockKind
from handoff.packet import Packet
from handoff.resolution import Decision, Refund, Reschedule
from handoff.states import HandoffState
from workflows import search
from workflows.acts import Act, Release, Resolve
from workflows.book import locally
from workflows.handoff_acts import Assigned, HandoffEnd, HandoffStart, Moved, Note, ReturnIt, Transfer
from workflows.handoff_book import HandoffBook, Happened
from workflows.handoff_standing import Standing

LEAD = "supervisor"
"""The role that may act on a case that somebody else has."""
TAKES = (Action.PICK_UP, Action.RESOLVE)
"""What somebody may do only to handoffs of queues that are theirs."""
NOT_RETURNED = "Press “Give back to the bot” at the entry: the screen is read first, and only then does a bot go on."
NOT_ANSWERED = "This is an entry that a bot could not finish: write to the customer from the case itself."
NOT_DECIDED = "This is settled by what you do with the entry: correct it, key it, give it back, or discard it."


class HandoffPeople:
    """Carries out people's acts on one handoff, one after the other; the workflow holds its lock."""

    def __init__(self, start: HandoffStart, now: Standing, book: HandoffBook) -> None:
        self._start = start
        self._now = now
        self._book = book
        self._end: HandoffEnd | None = None

    def end(self) -> HandoffEnd:
        """How it ended. Only once it has."""
        if self._end is None:
            raise ApplicationError("A handoff that is open has no end.", type="wrong_order")
        return self._end

    def ended_before(self, end: HandoffEnd) -> None:
        """It had ended when it was taken up."""
        self._end = end

    async def offer(self) -> None:
        """The first write: the handoff and its clocks."""
        for kind in ClockKind:
            self._book.begin(kind, kind.value)
        start, policy = self._start, self._now.policy
        columns = {
            **start.model_dump(include={"id", "number", "kind", "queue", "why", "offered_by", "channel", "persona"}),
            "state": self._now.state,
            "packet": start.packet.model_dump(mode="json"),
            "priority": start.priority,
            "policy": policy.name,
            "policy_version": policy.version,
            "offered_at": workflow.now(),
        }
        data = {"queue": start.queue, "why": start.why, "number": start.number, "policy": policy.name}
        await self._book.write(Happened(name="handoff.offered", data=data), columns=columns)
        await self.moved()

    async def pick_up(self, act: Act, person: Verified) -> str:
        """The person has it now."""
        self.take(act.by, person.email)
        self._book.accepted(person.email)
        now = workflow.now()
        columns = {"state": self._now.state, "picked_up_by": person.email, "picked_up_at": now}
        await self._book.write(Happened(name="handoff.picked_up", actor=person.email), columns=columns)
        await self.moved(person.name, f"Picked up in Baton by {person.name}.")
        return "You have this case now."

    async def release(self, act: Release, person: Verified) -> str:
        """Back into the queue; the clocks go on, and open questions stay open."""
        released = Happened(name="handoff.released", actor=person.email, data={"reason": act.reason})
        await self._book.write(released, columns=self._book.give_up())
        await self.moved(person.name, f"Put back into the queue in Baton. {act.reason}".strip())
        return "The case is back in the queue."

    async def return_it(self, act: ReturnIt, person: Verified) -> str:
        """Ended: whoever offered it has it again, with the reason."""
        giver = self._start.giver
        told = self._book.tell("given_back", "returned", f"person:{giver}", f"service returned it: {act.reason}")
        happened = Happened(name="handoff.returned", actor=person.email, data={"reason": act.reason})
        self.close(HandoffState.RETURNED, person.email, reason=act.reason)
        self._book.tick_all("stopped", reason="returned", by=person.email)
        columns = {**self.ended(), "returned_reason": act.reason}
        await self._book.write(happened, columns=columns, tells=(told,) if giver else ())
        await self.moved(person.name, f"Returned to {self._start.offered_by or 'whoever offered it'}: {act.reason}")
        return "Returned. Whoever offered it has your reason."

    async def transfer(self, act: Transfer, person: Verified) -> str:
        """To another queue, where it waits for somebody; or to one person, to whom it is offered."""
        if self._now.state is HandoffState.PICKED_UP and self._now.holder != act.by and person.role != LEAD:
            raise wrong_state("Somebody else has picked this case up; a supervisor can move it.")
        if act.to:
            return await self._offer_to(act.to, person, act.reason)
        if not person.queue_known:
            raise wrong_state(f"There is no queue “{act.queue}”: nobody would find the case there.")
        self._now.queue = act.queue
        data = {"queue": act.queue, "reason": act.reason}
        columns = {**self._book.give_up(), "why": act.reason}
        await self._book.write(Happened(name="handoff.transferred", actor=person.email, data=data), columns=columns)
        await self.moved(person.name, f"Passed on to the {act.queue} queue. {act.reason}")
        return f"The case is in the {act.queue} queue now."

    async def _offer_to(self, to: str, person: Verified, reason: str) -> str:
        found: Colleague = await locally(Handoffs.colleague, ColleagueAsked(email=to))
        if found.role not in ("dispatcher" if self._now.queue == "dispatch" else "agent", LEAD):
            raise ApplicationError(f"{found.name} cannot take cases: their role does not allow it.", type="wrong_state")
        if found.email == self._now.holder_email:
            raise wrong_state(f"{found.name} has this case already.")
        if found.email == self._now.assigned_to:  # somebody else said so at the same time: once is enough
            return f"The case is offered to {found.name}."
        data = {"to": found.email, "reason": reason}
        await self._assign(found.email, Happened(name="handoff.assigned", actor=person.email, data=data))
        return f"The case is offered to {found.name}."

    async def _assign(self, email: str, happened: Happened) -> None:
        columns = self._book.give_up()
        self._now.assigned_to = email
        columns = {**columns, "assigned_to": email, "assigned_at": workflow.now()}
        told = self._book.tell_offered(email, str(happened.data.get("reason", "")))
        await self._book.write(happened, columns=columns, tells=(told,))

    async def assign(self, act: Any, person: Verified) -> str:
        """A supervisor's word, which counts whoever has it."""
        return await self._offer_to(act.to, person, act.reason)

    async def assigned(self, chosen: Assigned) -> None:
        """The routing's choice; a case that somebody has taken, or that was moved meanwhile, stays where it is."""
        if self._now.waits_still(chosen.queue, chosen.was) and self._now.assigned_to != chosen.to:
            data = {"to": chosen.to, "reason": chosen.reason, "decision": chosen.decision}
            await self._assign(chosen.to, Happened(name="handoff.assigned", actor="baton", data=data))

    async def note(self, act: Note, person: Verified) -> str:
        """Kept on the timeline; a call with the customer is the first response."""
        if act.kind == "phone":
            self._book.tick(ClockKind.FIRST_RESPONSE.value, "met", by=person.email)
        data = {"kind": act.kind, "text": act.text, **({"values": act.values} if act.values else {})}
        columns = {"first_response_at": workflow.now()} if act.kind == "phone" else {}
        await self._book.write(Happened(name="handoff.noted", actor=person.email, data=data), columns=columns)
        return "Noted."

    async def acknowledge(self, person: Verified) -> str:
        """No reminder any more until the next clock comes to something."""
        self._now.acknowledged_at = workflow.now()
        await self._book.write(Happened(name="handoff.acknowledged", actor=person.email))
        return "You see to it; nobody is reminded any more."

    async def complete(self, act: Resolve, person: Verified) -> str:
        """The decision is kept; whoever offered it goes on with it."""
        check_limit(act.resolution, person.role)
        if self._now.state is HandoffState.OFFERED:
            await self.pick_up(act, person)
        self.close(HandoffState.COMPLETED, person.email, resolution=act.resolution, urgent=act.urgent)
        self._book.tick_all("met", by=person.email)
        columns = {"completed_by": person.email, "resolution": act.resolution.model_dump(mode="json"), **self.ended()}
        data = {"resolution": act.resolution.kind, **({"urgent": True} if act.urgent else {})}
        await self._book.write(Happened(name="handoff.completed", actor=person.email, data=data), columns=columns)
        return _said(act.resolution)

    async def withdraw(self, reason: str) -> None:
        """Nothing is left to decide."""
        self.close(HandoffState.WITHDRAWN, "", reason=reason)
        self._book.tick_all("stopped", reason=reason)
        await self._book.write(Happened(name="handoff.withdrawn", data={"reason": reason}), columns=self.ended())

    async def refresh(self, packet: Packet) -> None:
        """Something in what is passed along has changed."""
        self._now.packet = packet
        await self._book.write(columns={"packet": packet.model_dump(mode="json")})

    async def moved(self, who: str = "", note: str = "") -> None:
        """The case hears how its handoff stands."""
        search.handoff_stage(self._now.state, self._book.due_at())
        parent = workflow.info().parent
        case = parent.workflow_id if parent is not None else self._start.carried_by
        if not case or self._start.item_id is not None:
            return
        moved = Moved(state=self._now.state, who=who, note=note, due_at=self._book.due_at())
        try:
            await workflow.get_external_workflow_handle(case).signal("handoff_moved", moved)
        except ApplicationError:  # the case has ended: nobody needs to hear
            workflow.logger.info("the case of this handoff has ended")

    # -- moves of the standing ----------------------------------------------------------------------------------------

    def take(self, by: uuid.UUID | None, email: str) -> None:
        """This person has it from now on."""
        self._now.state, self._now.holder, self._now.holder_email = HandoffState.PICKED_UP, by, email
        self._now.last_act_at = workflow.now()

    def close(self, state: HandoffState, by: str, **words: Any) -> None:
        """It has ended so; nobody is waited for any more."""
        self._now.state = state
        self._book.drop_waits()
        self._end = HandoffEnd.model_validate({"state": state, "by": by, "at": workflow.now(), **words})

    def ended(self) -> dict[str, Any]:
        """The columns that say that it has ended."""
        return {"state": self._now.state, "ended_at": workflow.now(), **self._book.waiting()}

    # -- what may be done; state only, for validators -----------------------------------------------------------------

    def check_open(self) -> None:
        """Raise when it has ended."""
        if not self._now.open:
            raise wrong_state("This case has been decided already.")

    def check_pick_up(self, act: Act) -> None:
        """Raise unless it waits for somebody."""
        if self._now.state is HandoffState.PICKED_UP and self._now.holder == act.by:
            raise wrong_state("You have this case already.")
        if self._now.state is not HandoffState.OFFERED:
            raise wrong_state("This case is not waiting in the queue: somebody has it, or it has moved on.")

    def check_held(self, act: Act) -> None:
        """Raise unless this very person has it."""
        self.check_open()
        if self._now.state is not HandoffState.PICKED_UP:
            raise wrong_state("Pick the case up first; nobody has it at the moment.")
        if self._now.holder != act.by:
            raise wrong_state("Somebody else has picked this case up.")

    def check_return(self, act: ReturnIt) -> None:
        """Raise unless its holder may return it: an entry goes back to the bot by a way of its own."""
        self._check_no_entry(NOT_RETURNED)
        self.check_held(act)

    def check_answer(self, act: Act) -> None:
        """Raise when somebody else has it: whoever has a case speaks with its customer."""
        self._check_no_entry(NOT_ANSWERED)
        self._check_held_or_free(act, free=True)

    def _check_held_or_free(self, act: Act, *, free: bool) -> None:
        if not (free and self._now.state is HandoffState.OFFERED):
            self.check_held(act)

    def _check_no_entry(self, refusal: str) -> None:
        if self._start.item_id is not None:
            raise wrong_state(refusal)

    def check_complete(self, act: Resolve) -> None:
        """Raise unless its holder decides something that is allowed here and makes sense today."""
        self._check_no_entry(NOT_DECIDED)
        self._check_held_or_free(act, free=act.takes)
        if act.resolution.kind not in self._now.packet.allowed:
            raise wrong_state("This resolution is not allowed for this case.")
        tomorrow = workflow.now().date() + timedelta(days=1)
        if isinstance(act.resolution, Reschedule) and act.resolution.delivery_date < tomorrow:
            raise wrong_state("The new delivery date must be tomorrow or later.")


async def verified(act: Act, action: Action, queue: str = "") -> Verified:
    """Who acts, read again from the records; ApplicationError when they may not, or not in that queue."""
    to_queue = act.queue if isinstance(act, Transfer) else ""
    asked = VerifyActor(by=act.by, action=action, queue=queue if action in TAKES else "", to_queue=to_queue)
    try:
        person: Verified = await locally(People.verify, asked)
    except ApplicationError:
        raise ApplicationError("You do not have the right to do this.", type="not_allowed") from None
    return person


def update_id() -> str:
    """The id of the Update that is being handled: its form's own key."""
    info = workflow.current_update_info()
    return info.id if info is not None else ""


def check_limit(resolution: Decision, role: str) -> None:
    """Raise when this decision is about more money than that role may decide about."""
    if isinstance(resolution, Refund):
        objection = limits.objection(role, resolution.amount)
        if objection:
            raise ApplicationError(objection, type="above_limit", non_retryable=True)


def wrong_state(message: str) -> ApplicationError:
    """A refusal that people read; nothing was changed."""
    return ApplicationError(message, type="wrong_state", non_retryable=True)


def _said(resolution: Decision) -> str:
    if resolution.kind == "close":
        return "Decided. The case is closed; nothing is keyed."
    return "Decided. Baton keys it and tells the customer."
