"""The steps of one try on one live page, part by part: find, enter, guard, submit, read back, confirm."""

from dataclasses import dataclass
from typing import Any

from temporalio import activity

from activities import verdicts
from activities.job_log import JobLog
from activities.seat import Seat
from activities.watchdog import Instant
from bots.kit.contract import Hands, Job
from core import clock
from core.crash_points import reach
from core.faults import (
    ConfirmedButAbsent,
    Fault,
    LeaseLost,
    Refused,
    SignInRefused,
    Stopping,
    UnderWatch,
    Unknown,
)
from core.outcome import Answer, Outcome, Sighting
from core.work_item import Kind, State
from failure.signature import Trouble
from records import attempts, items
from records.database import Database
from records.items import ItemView, PartIn
from records.work_item import Attempt

THERE = frozenset({Answer.EQUAL, Answer.AFTER})


@dataclass
class Try:
    """What one try carries along.

    `last`: when it breaks before the click, the item waits for a person. `insisted`: a person who saw the screen said
    that it goes again. `submitted`: the part at hand may be in. `ended`: how the try's last write left the item.
    `heard`: what it met was said of its way.
    """

    item: ItemView
    attempt: Attempt
    job: Job
    parts: int
    seat: Seat
    log: JobLog
    last: bool
    insisted: bool
    done: int = 0
    submitted: bool = False
    refused: Refused | None = None
    ended: Outcome | None = None
    heard: bool = False

    def reach(self, point: str) -> None:
        """A named point of the protocol."""
        reach(point, self.item.id)


@dataclass(frozen=True)
class Ending:
    """How a try leaves its item; `dead`: nothing acts for it any more, as far as anybody can tell."""

    to: State
    event: str
    outcome: Outcome
    values: dict[str, Any]
    dead: bool = True
    fault: Fault | None = None


def refused(trial: Try, fault: Fault) -> Ending:
    """How a try ends to which the system said no: with what differs, or what was seen."""
    values: dict[str, Any] = {"code": fault.code, "differences": [found.model_dump() for found in fault.differences]}
    if fault.seen:
        values |= {"wanted": dict(trial.job.part.image), "seen": fault.seen}
    return Ending(State.REFUSED, "item.refused", Outcome.REFUSED, values, fault=fault)


class Steps:
    """Drives the hands of one job; every write is under the try's fence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter_all(self, trial: Try, hands: Hands) -> None:
        """Enter every part that is missing, in order; raises what stands against it."""
        while trial.ended is None:
            await self._part(trial, hands)

    async def finish(self, trial: Try, ending: Ending, part: PartIn | None = None) -> None:
        """The try's last write, with which it is over; LeaseLost when somebody settled it meanwhile."""
        async with self._database.session() as session:
            taken = await items.move(session, _ended(trial, ending, part), clock.now())
            if ending.dead:
                await attempts.over(session, trial.attempt.id)
        if not taken:
            raise LeaseLost  # what it did is found by the resolver
        trial.ended = ending.outcome

    async def _part(self, trial: Try, hands: Hands) -> None:
        there = await self._find(trial, hands)
        trial.reach("after_find")
        if there is not None:
            trial.reach("after_confirm")
            await self._is_in(trial, there)
            return
        trial.seat.at_step("enter")
        await hands.enter(trial.job)
        await trial.log.capture(hands, "before_submit", meanwhile=not trial.item.watched)
        if trial.item.watched and await self._unapproved(trial, hands):
            return
        trial.reach("before_guard")
        await self._guard(trial)
        trial.reach("after_guard")
        confirmation = await self._click(trial, hands)
        trial.reach("after_submit")
        await trial.log.capture(hands, "after_submit", meanwhile=True)
        await self._confirm(trial, hands, confirmation)

    async def _find(self, trial: Try, hands: Hands) -> PartIn | None:
        """The part as it is there already, or None; raises what stands against entering it."""
        if not trial.job.operation.searchable:
            return None
        trial.seat.at_step("find")
        seen = await hands.find(trial.job)
        await trial.log.found(hands)
        part = trial.job.part
        await self._first_seen(trial, seen)
        answer, records = part.judge(seen, trial.item.before), part.matching(seen)
        if part.kind is Kind.REMOVE and answer is Answer.AFTER and not verdicts.was_seen(part, trial.item.before or {}):
            answer = Answer.ABSENT  # nobody ever saw what is to go: a mistyped key removes nothing and must say so
        if answer in THERE:
            return self._in(trial, seen.confirmation, records, adopted=True)
        entered_and_gone = answer is Answer.BEFORE and any(seen.ours) and not trial.insisted
        missing = Answer.ABSENT if part.kind in (Kind.CREATE, Kind.AMOUNT) else Answer.BEFORE
        if answer is missing and not entered_and_gone:
            return None
        raise verdicts.objection(part, Answer.OTHER if entered_and_gone else answer, records)

    async def _first_seen(self, trial: Try, seen: Sighting) -> None:
        """A change whose starter had not seen the record is measured by the first look at it, kept before any typing.

        From then on every find tells *as it was* from *changed by somebody else*; and a removal knows that what is gone
        later was there once.
        """
        part, before = trial.job.part, trial.item.before or {}
        if verdicts.was_seen(part, before) or not seen.readable or len(seen.records) != 1:
            return
        removable = part.kind is Kind.REMOVE and part.judge(seen, None) is Answer.BEFORE
        if part.kind is not Kind.CHANGE and not removable:
            return
        image = {field.name: seen.records[0].get(field.name, "") for field in part.fields}
        async with self._database.session() as session:
            if not await attempts.seen_first(session, trial.attempt, {**before, **image}):
                raise LeaseLost
        trial.item = trial.item.model_copy(update={"before": {**before, **image}})

    async def _unapproved(self, trial: Try, hands: Hands) -> bool:
        """Under watch: whether the try ends with the filled form, because nobody has approved it as it stands now.

        What is approved is one content of one part, filled by one way, with exactly these texts.
        """
        trial.seat.at_step("read the filled form")
        item, values = trial.item, await hands.filled(trial.job)
        filled = {"revision": item.revision, "part": trial.done + 1, "route": item.route, "values": values}
        approved = item.approved or {}
        if all(approved.get(name) == value for name, value in filled.items()):
            return False
        same = all(approved.get(name) == filled[name] for name in ("revision", "part", "route"))
        differences = verdicts.otherwise(trial.job.part, approved["values"], values) if same else []
        stops = {"code": UnderWatch.code, "filled": filled, "approved": None, "differences": differences}
        await self.finish(trial, Ending(State.WITH_PERSON, "item.filled", Outcome.NOT_YET, stops))
        return True

    async def _guard(self, trial: Try) -> None:
        if activity.is_worker_shutdown():
            raise Stopping
        asked = Instant.now()
        trial.seat.check_alive()
        async with self._database.session() as session:
            passed = await attempts.guard(session, trial.attempt, clock.now(), trial.done + 1)
        if not passed:
            raise LeaseLost
        trial.submitted = True
        trial.seat.clicking = True  # from here on every step checks the clocks as it begins, the click's own too
        trial.seat.check_alive(since=asked)

    async def _click(self, trial: Try, hands: Hands) -> str:
        trial.seat.at_step("submit")
        try:
            confirmation = await hands.submit(trial.job)
        except Refused as refused:
            # Only the answer to the click can say: not entered. A sign-in at a screen was another click.
            trial.refused = None if isinstance(refused, SignInRefused) and hands.browser_pid else refused
            trial.submitted = trial.refused is None
            raise
        async with self._database.session() as session:
            await attempts.note(session, trial.attempt.id, confirmation=confirmation)
        return confirmation

    async def _confirm(self, trial: Try, hands: Hands, confirmation: str) -> None:
        """Believe the screen; where nothing can be searched, the system's own word is all there is."""
        part = trial.job.part
        if not trial.job.operation.searchable:
            trial.reach("after_confirm")
            if not confirmation:
                raise Unknown("the system gave no confirmation")
            await self._is_in(trial, self._in(trial, confirmation, [part.image], adopted=False))
            return
        trial.seat.at_step("read back")
        kept = await hands.read_back(trial.job)
        trial.reach("after_confirm")
        records = part.matching(kept)
        if part.judge(kept, None) in THERE:
            await self._is_in(trial, self._in(trial, confirmation, records, adopted=False))
        elif part.judge(kept, trial.item.before) is Answer.BEFORE and not any(kept.ours):
            raise Unknown("the record still stands as it was before") from ConfirmedButAbsent()
        elif kept.readable and len(records) == 1 and part.kind is not Kind.REMOVE:
            values = verdicts.differs(part, confirmation, dict(records[0]))
            await self.finish(trial, Ending(State.WITH_PERSON, "item.differs", Outcome.DONE, values))
        else:
            raise Unknown("the record could not be read back")

    def _in(self, trial: Try, confirmation: str | None, records: list[dict[str, str]], *, adopted: bool) -> PartIn:
        part = trial.job.part
        return PartIn(
            name=part.name,
            title=part.title,
            confirmation=confirmation,
            result=dict(records[0]) if records else {},
            adopted=adopted,
        )

    async def _is_in(self, trial: Try, part: PartIn) -> None:
        """One more part is in: on to the next one, or done."""
        event = "item.adopted" if part.adopted else "item.done"
        values = {"confirmation": part.confirmation, "result": part.result, "adopted": part.adopted, "code": ""}
        if trial.done + 1 == trial.parts:
            await self.finish(trial, Ending(State.DONE, event, Outcome.DONE, values), part)
        else:
            wanted = _move(trial, State.RUNNING, "item.part_done", part, {"code": ""})
            async with self._database.session() as session:
                if not await items.move(session, wanted, clock.now()):
                    raise LeaseLost
        trial.done += 1
        trial.submitted = trial.seat.clicking = False
        if trial.ended is None:
            job = trial.job
            trial.job = Job.of(job.operation, job.entry, trial.item.reference, done=trial.done)


def _ended(trial: Try, ending: Ending, part: PartIn | None) -> items.Move:
    """The try's last move, with what it met."""
    met = Trouble(step=trial.seat.step)
    if ending.fault is not None:
        fault = ending.fault
        met = Trouble(screen=fault.screen, step=trial.seat.step, message=fault.detail, drift=tuple(fault.drift))
    return _move(trial, ending.to, ending.event, part, ending.values).model_copy(update={"trouble": met})


def _move(trial: Try, to: State, event: str, part: PartIn | None, values: dict[str, Any]) -> items.Move:
    return items.Move(
        item_id=trial.item.id,
        fence=trial.attempt.fence,
        to=to,
        event=event,
        bump=False,
        part=part,
        values=values,
        data={"code": values.get("code", ""), "confirmation": values.get("confirmation") or ""},
    )
