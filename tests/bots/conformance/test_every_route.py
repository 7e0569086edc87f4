"""One suite over every operation of every route: the same promises, against the real demo systems."""

from collections.abc import Callable

import pytest

from bots.kit.contract import Job, Route, RouteKey
from core.faults import Fault, RecordNotFound, Refused, SystemDown
from core.outcome import Answer, Sighting
from core.work_item import Kind
from tests.bots.conformance.cast import PARTS, Part
from tests.bots.desks import Demo

pytestmark = pytest.mark.parametrize("part", PARTS, ids=[f"{part.system}.{part.operation}" for part in PARTS])

Quiet = Callable[[str], None]


def judged(job: Job, seen: Sighting, before: dict[str, str] | None = None) -> Answer:
    """What the protocol makes of a sighting."""
    return job.part.judge(seen, before)


async def looked(route: Route, part: Part, job: Job, quiet: Quiet) -> Sighting:
    """A look in a job of its own, as the resolver does it."""
    async with route.open(part.account, quiet) as hands:
        return await hands.find(job)


async def entered(route: Route, part: Part, job: Job, quiet: Quiet) -> str:
    """A whole entry in a job of its own."""
    async with route.open(part.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        return await hands.submit(job)


async def test_an_entry_is_made_once_and_found_again(
    part: Part, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """Find, enter, submit, read back, each step named: one row in the ledger, found again by its reference."""
    steps: list[str] = []
    demo, route, job = demos[part.system], all_routes[part.way], part.job(part.fresh(demos[part.system]))

    async with route.open(part.account, steps.append) as hands:
        before = await hands.find(job)
        await hands.enter(job)
        entered_early = demo.ledger(job.reference)
        confirmation = await hands.submit(job)
        kept = await hands.read_back(job)
    after = await looked(route, part, job, quiet)

    known = dict(before.records[0]) if before.records else None
    is_create = job.operation.kind is Kind.CREATE
    assert judged(job, before, known) is (Answer.ABSENT if is_create else Answer.BEFORE)
    assert steps
    assert all(steps)
    assert entered_early == []
    assert [row["confirmation"] for row in demo.ledger(job.reference)] == [confirmation]
    assert job.part.differences(kept.records[0]) == []
    assert judged(job, after, known) is (Answer.EQUAL if is_create else Answer.AFTER)
    assert (after.ours, after.confirmation) == ([True], confirmation)


async def test_an_unknown_record_is_told_apart(
    part: Part, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """A record that the system does not hold is absent, or refused as not found; never a guess."""
    if part.unknown is None:
        return  # a create without a target record: absent is its beginning, seen in the first test
    job = part.job(part.unknown)

    try:
        seen = await looked(all_routes[part.way], part, job, quiet)
    except RecordNotFound:
        return

    assert judged(job, seen) is Answer.ABSENT


async def test_a_system_that_is_down_is_said_to_be_down(
    part: Part, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """A 503 before the submit is SystemDown: nothing was entered and it may be tried again."""
    job = part.job(part.fresh(demos[part.system]))
    demos[part.system].faults(down=True)

    with pytest.raises(SystemDown):
        await looked(all_routes[part.way], part, job, quiet)


@pytest.mark.failure_mode("F07")
async def test_an_error_after_the_commit_is_not_a_refusal(
    part: Part, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """Commit, then 500: what the submit raises is no refusal, and a look finds the one entry."""
    demo, route, job = demos[part.system], all_routes[part.way], part.job(part.fresh(demos[part.system]))
    demo.faults(commit_then_500=1)

    with pytest.raises(Fault) as raised:
        await entered(route, part, job, quiet)
    await route.kill(part.account)
    seen = await looked(route, part, job, quiet)

    assert not isinstance(raised.value, Refused)
    assert judged(job, seen) in (Answer.EQUAL, Answer.AFTER)
    assert seen.ours == [True]
    assert len(demo.ledger(job.reference)) == 1


async def test_evidence_is_left_at_every_moment(
    part: Part, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """Before the submit, after a look and at trouble there is something to see."""
    job = part.job(part.fresh(demos[part.system]))

    async with all_routes[part.way].open(part.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        found = [thing for taken in ("looked", "before_submit", "trouble") for thing in await hands.capture(taken)]

    assert {thing.taken for thing in found} == {"looked", "before_submit", "trouble"}
    assert all(thing.data for thing in found)
