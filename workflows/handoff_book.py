"""The handoff's book: every write of its workflow, numbered, with the clocks as they are once it is written."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from activities.handoffs import Handoffs, HandoffWrite, Happened, QuestionAsked, QuestionClosed, QuestionState, Tell
from handoff.clock import Clock, ClockKind, Ticked, after, fell_due, next_moment
from handoff.states import HandoffState
from workflows.book import durably
from workflows.handoff_acts import HandoffStart
from workflows.handoff_standing import Standing

__all__ = ["HandoffBook", "Happened", "QuestionAsked", "QuestionClosed", "QuestionState", "Tell"]

ASIDE = "time"
"""The pause of a case that was put aside until a moment; the others bear the id of a question."""

INSTEAD = "#outage"
"""In the name of a clock that counts while another stands for an outage."""
_ENDS = ("met", "stopped")

LONGEST_REASON = 200
"""What a telling says of a reason; all of it stands on the timeline."""


class HandoffBook:
    """Writes to one handoff from one run of its workflow, which holds its lock around each.

    Clocks move here first; what they have come to is kept with the next write.
    """

    def __init__(self, start: HandoffStart, standing: Standing) -> None:
        self._start = start
        self._now = standing
        self._ticks: list[tuple[str, Ticked]] = []
        self._closed: tuple[QuestionClosed, ...] = ()

    async def write(self, *happened: Happened, columns: dict[str, Any] | None = None, **parts: Any) -> None:
        """Commit one write with all that the clocks have come to since the last; waits while PostgreSQL is away."""
        ticks, self._ticks = self._ticks, []
        closed, self._closed = (*parts.pop("closed", ()), *self._closed), ()
        self._now.seq += 1
        moved = dict.fromkeys(name for name, _ in ticks)
        write = HandoffWrite(
            handoff_id=self._start.id,
            case_id=self._start.case_id,
            item_id=self._start.item_id,
            run_id=workflow.info().run_id,
            seq=self._now.seq,
            at=workflow.now(),
            columns={**(self._clock_columns() if moved else {}), **(columns or {})},
            clocks={name: self._now.clocks[name] for name in moved},
            events=(*(self._marked(one) for one in happened), *(self._event(name, one) for name, one in ticks)),
            closed=closed,
            **parts,
        )
        await durably(Handoffs.keep, write)

    # -- clocks ----------------------------------------------------------------------------------------------------

    def begin(self, kind: ClockKind, name: str) -> None:
        """Start the clock that the policy has a target for; while others stand, it stands with them."""
        for target in self._now.policy.targets():
            if target.kind is kind:
                self._fold(name, None, Ticked(what="started", at=workflow.now(), target=target))
                self.settle()

    def tick(self, name: str, what: str, **words: str) -> None:
        """Something happens to a clock now, after what fell due before; one that has ended stays as it is."""
        clock = self._now.clocks.get(name)
        if clock is None or clock.ended_at is not None:
            return
        self.fall_due(name)
        self._fold(name, self._now.clocks[name], Ticked.model_validate({"what": what, "at": workflow.now(), **words}))
        if what in _ENDS:
            for outage in self._now.outages.values():
                self.tick(outage.names.get(name, ""), what, **words)

    def tick_all(self, what: str, **words: str) -> None:
        """The same for every clock that has not ended."""
        for name in self._now.clocks:
            self.tick(name, what, **words)

    def pause(self, key: str, reason: str) -> None:
        """The clocks stand for this reason too."""
        self._now.pauses[key] = reason
        self.settle()

    def resume(self, key: str) -> None:
        """This reason is over; the clocks go on once none is left."""
        if self._now.pauses.pop(key, None) is not None:
            self.settle()

    def settle(self) -> None:
        """Each clock that has not ended stands as long as there is a reason, and what counts instead of it runs."""
        for name, clock in list(self._now.clocks.items()):
            reason = self._stands_for(name)
            if clock.ended_at is not None:
                continue
            if reason and clock.paused_at is None:
                self.tick(name, "paused", reason=reason)
            elif not reason and clock.paused_at is not None:
                self.tick(name, "resumed")
            self._count_instead(name, clock)

    def _stands_for(self, name: str) -> str:
        """Why this clock stands; "" when it runs. What counts instead of one stands for people alone."""
        reasons = list(self._now.pauses.values())
        if not any(name in outage.names.values() for outage in self._now.outages.values()):
            clock = self._now.clocks[name]
            reasons += [outage.reason for outage in self._now.outages.values() if outage.keeps(clock)]
        return reasons[0] if reasons else ""

    def _count_instead(self, name: str, clock: Clock) -> None:
        for outage in self._now.outages.values():
            target = outage.instead.get(clock.target.kind)
            if target is None or name in outage.names or INSTEAD in name:
                continue
            taken = sum(one.startswith(f"{name}{INSTEAD}") for one in self._now.clocks)
            outage.names[name] = f"{name}{INSTEAD}{taken + 1}"
            self._fold(outage.names[name], None, Ticked(what="started", at=workflow.now(), target=target))
            if self._now.pauses:
                self.tick(outage.names[name], "paused", reason=self._stands_for(outage.names[name]))

    def fall_due(self, name: str) -> bool:
        """Note what this clock has come to by now, at risk or breached, each at its own moment."""
        clock = self._now.clocks[name]
        found = fell_due(clock, workflow.now()) if clock.ended_at is None else ()
        for ticked in found:
            self._fold(name, self._now.clocks[name], ticked)
        return bool(found)

    def next_moment(self) -> datetime | None:
        """When the next clock comes to something."""
        moments = [next_moment(clock) for clock in self._now.clocks.values() if clock.ended_at is None]
        return min((moment for moment in moments if moment is not None), default=None)

    def _fold(self, name: str, clock: Clock | None, ticked: Ticked) -> None:
        self._now.clocks[name] = after(clock, ticked)
        self._ticks.append((name, ticked))

    def _clock_columns(self) -> dict[str, Any]:
        return {"due_at": self.due_at()}

    def due_at(self) -> datetime:
        """By when it is to be settled as things stand; while the clocks stand, as if they went on now."""
        clocks = self._now.clocks.values()
        running = [one for one in clocks if one.ended_at is None] or list(clocks)[-1:]
        settles = [one for one in clocks if one.target.kind is ClockKind.RESOLUTION]
        counting = [one for one in settles if one.ended_at is None and one.paused_at is None]
        clock = [*counting, *settles, running[0]][0]
        now = workflow.now()
        return clock.due_at() or clock.ended_at or now + max(clock.left_at(now), timedelta())

    def _marked(self, one: Happened) -> Happened:
        """With the handoff's id, and the entry's where it is about one: the case is on no other stage by that."""
        entry = {"entry": str(self._start.item_id)} if self._start.item_id is not None else {}
        return one.model_copy(update={"data": {"handoff": str(self._start.id), **entry, **one.data}})

    def _event(self, name: str, ticked: Ticked) -> Happened:
        data = {"handoff": str(self._start.id), "clock": name, "tick": ticked.model_dump(mode="json")}
        return Happened(name=f"clock.{ticked.what}", actor=ticked.by or "baton", data=data)

    # -- what several acts say alike --------------------------------------------------------------------------------

    def give_up(self) -> dict[str, Any]:
        """Nobody has it from now on, and another acceptance clock begins; the columns that say so.

        Open questions stay; that its holder had put it aside ends with them.
        """
        self._now.comes_back_at, self._now.comes_back_why = None, ""
        self.resume(ASIDE)
        self._now.state, self._now.holder, self._now.holder_email = HandoffState.OFFERED, None, ""
        self._now.assigned_to = ""
        self.tick(self._acceptance(), "stopped", reason="offered again")
        self._now.rounds += 1
        self.begin(ClockKind.ACCEPTANCE, self._acceptance())
        nobody = {"picked_up_by": None, "picked_up_at": None, "assigned_to": None, "assigned_at": None}
        return {"state": self._now.state, "queue": self._now.queue, **nobody, **self.waiting()}

    def accepted(self, by: str) -> None:
        """Somebody has taken it."""
        self.tick(self._acceptance(), "met", by=by)

    def _acceptance(self) -> str:
        return ClockKind.ACCEPTANCE.value + (f"#{self._now.rounds}" if self._now.rounds > 1 else "")

    def drop_waits(self) -> None:
        """It has ended: nobody is waited for, and what is still asked is over with the next write."""
        over = [QuestionClosed.model_validate({"id": key, "state": "withdrawn"}) for key in self._now.questions]
        self._closed = (*self._closed, *over)
        self._now.questions, self._now.comes_back_at, self._now.pauses, self._now.outages = {}, None, {}, {}

    def waiting(self) -> dict[str, Any]:
        """The columns that say what is waited for, and why the clocks stand."""
        return {**self._waited_for(), "paused": next(iter(self._now.pauses.values()), "") or self._away()}

    def _away(self) -> str:
        """The outage that the time to settle it stands for, where nothing counts instead."""
        kind = ClockKind.RESOLUTION.value
        outages = self._now.outages.values()
        if any(kind in outage.instead for outage in outages):
            return ""
        return next((outage.reason for outage in outages if kind in outage.stand), "")

    def _waited_for(self) -> dict[str, Any]:
        """The question that ends first, else the moment."""
        questions = sorted(self._now.questions.values(), key=lambda one: one.expires_at)
        if questions:
            return {"wait_for": questions[0].to_kind, "wait_until": questions[0].expires_at, "wait_about": "an answer"}
        if self._now.comes_back_at is not None:
            until = {"wait_until": self._now.comes_back_at, "wait_about": self._now.comes_back_why}
            return {"wait_for": ASIDE, **until}
        return {"wait_for": "", "wait_until": None, "wait_about": ""}

    def tell(self, kind: str, occurrence: str, to: str, text: str) -> Tell:
        """Something that somebody of the house is to hear of this handoff, once."""
        return Tell(
            kind=kind,
            occurrence=f"{self._start.id}/{occurrence}",
            to=to,
            text=f"{self._start.case_number}: {text.rstrip('.')}.",
            path="/desk/" + (self._start.case_number if self._start.item_id is None else f"handoffs/{self._start.id}"),
            case_id=self._start.case_id,
            handoff_id=self._start.id,
        )

    def tell_offered(self, email: str, reason: str) -> Tell:
        """What whoever is offered it hears, with the reason that somebody gave, or the routing."""
        text = f"it is offered to you: {reason[:LONGEST_REASON]}" if reason else "it is offered to you"
        return self.tell("assigned", f"assigned/{self._now.rounds}", f"person:{email}", text)

    def tell_holder(self, kind: str, occurrence: str, text: str) -> Tell:
        """What its holder hears; while nobody has it, whoever leads the queue."""
        to = f"person:{self._now.holder_email}" if self._now.holder_email else f"lead:{self._now.queue}"
        return self.tell(kind, occurrence, to, text)


def cancelled() -> bool:
    """Whether somebody has cancelled the handoff at Temporal."""
    return workflow.cancellation_reason() is not None
