"""What every route promises, as checks that a bot's author runs over each of its operations.

`PROMISES` is part of the documented API: `for promise in PROMISES: await promise(practice)`, or one test for each of
them. A promise that is broken raises AssertionError.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bots.kit.contract import Hands, Job, Route
from core.faults import Fault, RecordNotFound, Refused, SystemDown
from core.outcome import Answer, Sighting
from core.work_item import Kind

THERE = (Answer.EQUAL, Answer.AFTER)


class Practice(Protocol):
    """One operation of one route, on a running system that may be practised on and that keeps a ledger.

    `unknown` is a key that the system does not hold; None for a create that needs no record.
    """

    route: Route
    account: str
    unknown: str | None

    def fresh(self) -> str:
        """The key of a record that nobody has touched."""
        ...

    def job(self, key: str) -> Job:
        """A job on that key, with a reference of its own."""
        ...

    def ledger(self, reference: str) -> list[dict[str, Any]]:
        """What the system committed under that reference; each row names its `confirmation`."""
        ...

    def faults(self, **switches: Any) -> None:
        """Switch faults of the system: `down`, `commit_then_500`, `expire_sessions` (everybody is signed out)."""
        ...


async def an_entry_is_made_once_and_found_again(practice: Practice) -> None:
    """Find, enter, submit, read back, each step named: one row in the ledger, found again by its reference."""
    steps: list[str] = []
    job = practice.job(practice.fresh())
    async with practice.route.open(practice.account, steps.append) as hands:
        before = await hands.find(job)
        await hands.enter(job)
        filled = await hands.filled(job)
        entered_early = practice.ledger(job.reference)
        confirmation = await hands.submit(job)
        kept = await hands.read_back(job)
    after = await _look(practice, job)

    known = dict(before.records[0]) if before.records else None
    adds = job.part.kind in (Kind.CREATE, Kind.AMOUNT)
    assert job.part.judge(before, known) is (Answer.ABSENT if adds else Answer.BEFORE), "find sees a fresh record"
    assert steps, "every step has a name"
    assert all(steps), "every step has a name"
    assert filled, "the filled form can be shown"
    assert entered_early == [], "nothing is entered before the submit"
    rows = practice.ledger(job.reference)
    assert [row["confirmation"] for row in rows] == [confirmation], "one entry, with the number that it was told by"
    assert job.part.judge(after, known) in THERE, "a look finds the entry"
    if job.part.kind is Kind.REMOVE:
        assert kept.records == [], "what was removed is gone"
        return
    assert job.part.differences(_one(job, kept)) == [], "the record reads back as it was entered"
    assert True in after.ours, "the entry is known by our reference"
    assert after.confirmation == confirmation, "and by its number"


async def an_unknown_record_is_told_apart(practice: Practice) -> None:
    """A record that the system does not hold is absent, or refused as not found; never a guess."""
    if practice.unknown is None:
        return
    job = practice.job(practice.unknown)
    try:
        seen = await _look(practice, job)
    except RecordNotFound:
        return
    gone = Answer.AFTER if job.part.kind is Kind.REMOVE else Answer.ABSENT
    assert job.part.judge(seen, None) is gone, "a record that is not there is absent"


async def a_system_that_is_down_is_said_to_be_down(practice: Practice) -> None:
    """A 503 before the submit is SystemDown: nothing was entered and it may be tried again."""
    job = practice.job(practice.fresh())
    practice.faults(down=True)
    try:
        await _look(practice, job)
    except SystemDown:
        return
    raise AssertionError("a system that is down was not said to be down")


async def an_error_after_the_commit_is_not_a_refusal(practice: Practice) -> None:
    """Commit, then an error 500: what the submit raises is no refusal, and a look finds the one entry."""
    job = practice.job(practice.fresh())
    async with practice.route.open(practice.account, _quiet) as hands:
        before = await hands.find(job)
        await hands.enter(job)
        practice.faults(commit_then_500=1)
        trouble = await _trouble(hands, job)
    await practice.route.kill(practice.account)
    seen = await _look(practice, job)

    assert trouble is not None, "an error page is no confirmation"
    assert not isinstance(trouble, Refused), "an error after the commit is no refusal"
    assert job.part.judge(seen, dict(before.records[0]) if before.records else None) in THERE, "a look finds the entry"
    assert len(practice.ledger(job.reference)) == 1, "it was entered once"


async def a_session_that_ends_before_the_submit_is_renewed(practice: Practice) -> None:
    """Signed out between find and enter: one more sign-in, the record looked for again, and one entry."""
    steps: list[str] = []
    job = practice.job(practice.fresh())
    async with practice.route.open(practice.account, steps.append) as hands:
        await hands.find(job)
        practice.faults(expire_sessions=True)
        seen = len(steps)
        await hands.enter(job)
        again = steps[seen:]
        await hands.submit(job)

    assert len(practice.ledger(job.reference)) == 1, "it was entered once"
    if "signed in" in again:  # as the kit calls it; an API has no session
        assert "find again" in again, "the record is looked for again before anything is typed"


async def evidence_is_left_at_every_moment(practice: Practice) -> None:
    """Before the submit, after a look and at trouble there is something to see."""
    job = practice.job(practice.fresh())
    moments = ("looked", "before_submit", "trouble")
    async with practice.route.open(practice.account, _quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        found = [thing for taken in moments for thing in await hands.capture(taken)]

    assert {thing.taken for thing in found} == set(moments), "each moment leaves something"
    assert all(thing.data for thing in found), "and none of it is empty"


Promise = Callable[[Practice], Awaitable[None]]
PROMISES: tuple[Promise, ...] = (
    an_entry_is_made_once_and_found_again,
    an_unknown_record_is_told_apart,
    a_system_that_is_down_is_said_to_be_down,
    an_error_after_the_commit_is_not_a_refusal,
    a_session_that_ends_before_the_submit_is_renewed,
    evidence_is_left_at_every_moment,
)


async def _look(practice: Practice, job: Job) -> Sighting:
    async with practice.route.open(practice.account, _quiet) as hands:
        return await hands.find(job)


async def _trouble(hands: Hands, job: Job) -> Fault | None:
    try:
        await hands.submit(job)
    except Fault as fault:
        return fault
    return None


def _one(job: Job, kept: Sighting) -> dict[str, str]:
    """The record that was read back; what adds up is told from its like by our reference."""
    if job.part.kind is not Kind.AMOUNT:
        return kept.records[0]
    return next(record for record, ours in zip(kept.records, kept.ours, strict=True) if ours)


def _quiet(_: str) -> None:
    """A listener of steps that forgets them."""
