"""What the order desk makes of a save: late, twice, cut off, in capitals, line by line, and what its display says."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bots.kit.contract import Hands, Job, RouteKey
from bots.kit.contract import Route as SystemRoute
from core.faults import AccountLocked, Fault, PasswordExpired, Refused, SignInRefused
from core.outcome import Answer
from systems.orderdesk import CorrectAddress, ReturnToSender
from systems.registry import operation_of
from tests.bots.conformance.cast import PARTS, Part
from tests.bots.desks import Demo
from tests.support.patience import PATIENCE

CAST = {part.operation: part for part in PARTS if part.system == "orderdesk"}
MARK, REFUND, RETURN, BLOCK = (
    CAST[name] for name in ("mark_failed_delivery", "refund", "return_to_sender", "remove_block")
)
ACCOUNT = "bot02"
Quiet = Callable[[str], None]


@pytest.fixture
def route(all_routes: dict[RouteKey, SystemRoute]) -> SystemRoute:
    """The order desk by its screens."""
    return all_routes[MARK.way]


async def saved(hands: Hands, job: Job) -> str:
    """One whole entry."""
    await hands.find(job)
    await hands.enter(job)
    return await hands.submit(job)


async def test_a_return_is_made_header_first_then_each_parcel(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """Three commits in the window of their own, each found by itself: one ledger row each, in their order."""
    order_no = desk.fresh_order()
    entry = ReturnToSender(order_no=order_no, reason_code="15", carrier="Nordpost", parcels=("P-1001", "P-1002"))
    jobs = [Job.of(operation_of("orderdesk", "return_to_sender"), entry, "BTN-RETURN01", done) for done in range(3)]

    async with route.open(ACCOUNT, quiet) as hands:
        numbers = [await saved(hands, job) for job in jobs]
        kept = [await hands.read_back(job) for job in jobs]

    rows = [row for job in jobs for row in desk.ledger(job.reference)]
    assert [row["operation"] for row in rows] == ["return_header", "return_line", "return_line"]
    assert [row["confirmation"] for row in rows] == numbers
    assert [seen.confirmation for seen in kept] == numbers
    assert [job.part.judge(seen, None) for job, seen in zip(jobs, kept, strict=True)] == [Answer.EQUAL] * 3


async def test_a_return_that_was_begun_goes_on_at_the_next_parcel(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """The header stands there already, by whoever: another job finds it and enters the parcel that is missing."""
    order_no = desk.fresh_order()
    entry = ReturnToSender(order_no=order_no, reason_code="15", carrier="Nordpost", parcels=("P-1001",))
    operation = operation_of("orderdesk", "return_to_sender")
    theirs, header, line = (
        Job.of(operation, entry, "BTN-THEIRS01"),
        Job.of(operation, entry, "BTN-RETURN02"),
        Job.of(operation, entry, "BTN-RETURN02", 1),
    )
    async with route.open(ACCOUNT, quiet) as hands:
        await saved(hands, theirs)

    async with route.open(ACCOUNT, quiet) as hands:
        seen = await hands.find(header)
        await saved(hands, line)

    assert (header.part.judge(seen, None), seen.ours) == (Answer.EQUAL, [False])
    assert len(desk.ledger(line.reference)) == 1


async def test_two_refunds_of_one_amount_are_two_refunds(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """An equal refund that is not ours is not taken for ours: the second one is entered and found by its reference."""
    order_no = desk.fresh_order()
    first, second = REFUND.job(order_no), REFUND.job(order_no)

    async with route.open(ACCOUNT, quiet) as hands:
        await saved(hands, first)
        before = await hands.find(second)
        number = await saved(hands, second)
        after = await hands.find(second)

    assert second.part.judge(before, None) is Answer.ABSENT
    assert (second.part.judge(after, None), after.confirmation) == (Answer.EQUAL, number)
    assert [len(desk.ledger(job.reference)) for job in (first, second)] == [1, 1]


@pytest.mark.failure_mode("F06")
async def test_a_commit_that_comes_late_is_no_refusal_and_is_found(
    desk: Demo, route: SystemRoute, quiet: Quiet
) -> None:
    """F06: the answer is an error and the change comes later: absent at first, there in the end, never refused."""
    job = REFUND.job(desk.fresh_order())
    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        desk.faults(commit_late_seconds=1.5, commit_late_answer="is 500")

        with pytest.raises(Fault) as raised:
            await hands.submit(job)

    async with route.open(ACCOUNT, quiet) as hands:
        seen = await hands.read_back(job)
    assert not isinstance(raised.value, Refused)
    assert job.part.judge(seen, None) is Answer.EQUAL
    assert len(desk.ledger(job.reference)) == 1


@pytest.mark.failure_mode("F06")
@pytest.mark.parametrize("part", [MARK, REFUND, BLOCK], ids=lambda part: str(part.operation))
async def test_a_display_that_lags_is_looked_at_again(desk: Demo, route: SystemRoute, part: Part) -> None:
    """F06: right after the save the display does not show it yet; reading back waits for it within the declared lag."""
    plain = part.job(desk.fresh_order())
    job = plain.model_copy(update={"operation": replace(plain.operation, lag_seconds=PATIENCE)})
    steps: list[str] = []

    def told(step: str) -> None:
        steps.append(step)
        if step == "read the order back again":
            desk.faults(lag_seconds=0)

    async with route.open(ACCOUNT, told) as hands:
        before = (await hands.find(job)).records
        await hands.enter(job)
        desk.faults(lag_seconds=2 * PATIENCE)
        await hands.submit(job)
        kept = await hands.read_back(job)

    assert "read the order back again" in steps
    assert job.part.judge(kept, before[0] if before else None) in (Answer.AFTER, Answer.EQUAL)


def test_every_lag_lies_within_the_settle_window() -> None:
    """F06: how long an entry may stay hidden is declared for each operation, and is shorter than its doubt settles."""
    operations = [operation_of("orderdesk", name) for name in CAST]

    assert all(0 < operation.lag_seconds < 45 for operation in operations)


async def test_a_page_that_posts_twice_commits_once(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """The answer sends the form again by itself: the second post is kept back, so that one click is one entry."""
    job = REFUND.job(desk.fresh_order())
    desk.faults(double_submit=True)

    async with route.open(ACCOUNT, quiet) as hands:
        await saved(hands, job)
        seen = await hands.read_back(job)

    assert len(desk.ledger(job.reference)) == 1
    assert seen.ours == [True]


@pytest.mark.failure_mode("F13")
@pytest.mark.parametrize(
    ("switches", "operation", "field", "kept"),
    [
        ({"cut_texts": 4}, "correct_address", "street", "Mühl"),
        ({"upper_case": True}, "correct_address", "city", "LEIPZIG"),
        ({"swap_dates": True}, "reschedule", "delivery_date", "12.03.2026"),
    ],
)
async def test_what_the_desk_made_of_a_value_is_seen(
    desk: Demo, route: SystemRoute, quiet: Quiet, switches: dict[str, object], operation: str, field: str, kept: str
) -> None:
    """F13: a text cut off or in capitals, a date month first: read back, and named with both values."""
    job = CAST[operation].job(desk.fresh_order())
    desk.faults(**switches)

    async with route.open(ACCOUNT, quiet) as hands:
        await saved(hands, job)
        seen = await hands.read_back(job)

    differences = {found.field: found.seen for found in job.part.differences(seen.records[0])}
    assert differences[field] == kept


@pytest.mark.failure_mode("F10")
@pytest.mark.parametrize(("at", "committed"), [("save", 0), ("saved", 1)])
async def test_signed_out_after_the_click_is_in_doubt(
    desk: Demo, route: SystemRoute, quiet: Quiet, at: str, committed: int
) -> None:
    """F10: signed out instead of an answer, before or after the commit: no refusal, and a look tells which it was."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        before = await hands.find(job)
        await hands.enter(job)
        desk.faults(expire_at=at)
        with pytest.raises(Fault) as raised:
            await hands.submit(job)
        seen = await hands.find(job)

    assert not isinstance(raised.value, Refused)
    assert job.part.judge(seen, before.records[0]) is (Answer.AFTER if committed else Answer.BEFORE)
    assert len(desk.ledger(job.reference)) == committed


@pytest.mark.failure_mode("F11")
async def test_an_expired_password_and_a_locked_account_have_codes(
    desk: Demo, route: SystemRoute, quiet: Quiet
) -> None:
    """F11: each is told apart from a wrong password, neither is tried twice, and no failed sign-in is added."""
    address = CorrectAddress(order_no=desk.fresh_order(), street="A", house_no="1", postcode="04109", city="B")
    job = Job.of(operation_of("orderdesk", "correct_address"), address, "BTN-SIGNIN01")
    raised: list[type[SignInRefused]] = []

    for account in ("bot07", "bot08"):
        desk.faults(expire_sessions=True, password_expired="bot07")
        for _ in range(3 if account == "bot08" else 0):
            desk.wrong_sign_in(account)
        steps: list[str] = []
        async with route.open(account, steps.append) as hands:
            with pytest.raises(SignInRefused) as refused:
                await hands.find(job)
        raised.append(refused.type)
        assert steps.count("sign in") == 1

    assert raised == [PasswordExpired, AccountLocked]
    assert desk.faults()["failed_signins"].get("bot08") == 3
