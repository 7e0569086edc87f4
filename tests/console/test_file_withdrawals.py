"""Withdrawing a whole file by its page: what it would come to is shown first, and nothing typed is lost."""

from datetime import datetime

import httpx
from playwright.async_api import Browser
from sqlmodel import col, select

from console.file_starts import BATCH
from core.work_item import Kind, State
from records import file_withdrawal, intake_files
from records.bulk_action import BulkItem
from records.case import Case
from records.file_withdrawal import Comes
from records.outbox import OutboxRow
from records.people import Role
from records.submission import IntakeFile
from records.work_item import WorkItem
from tests.console.conftest import NOW, Console
from tests.console.test_files import HEAD, _handed, checked, counts_of, finished, kept, rows
from tests.console.test_in_a_browser import sign_in
from tests.console.test_start_work import REPORT
from tests.console.test_told_in_a_browser import looked_at


async def test_what_a_withdrawal_comes_to_is_shown_before_it_is_pressed(
    ops: httpx.AsyncClient, console: Console
) -> None:
    """Counts by what will happen, each entry that stands with its confirmation, and rows about others' cases."""
    await ops.post("/failed-deliveries", data=REPORT)
    own = HEAD + "\n4700123;P-88112388;19.11.2026;moved away\n"
    place = await checked(ops, own.encode() + rows(BATCH + 3)[len(HEAD) :])
    file = await kept(console, place)
    async with console.database.session() as session:
        await intake_files.start(session, file.id, "ops@example.org", NOW)
        await intake_files.hand_in_some(session, file, _handed, NOW, limit=5)
    async with console.database.session() as session:
        started = list(await session.exec(select(Case).order_by(col(Case.number)).offset(1)))
        started[0].closed_at = NOW
        for case, state in ((started[1], State.DONE), (started[2], State.UNKNOWN)):
            session.add(entry(case, state))
    before = (await ops.get(f"{place}/withdrawals")).text
    async with console.database.session() as session:
        found = await file_withdrawal.preview(session, file.id, limit=10)

    assert found.cases == {Comes.CLOSED: 1, Comes.PERSON: 1, Comes.ON_ITS_WAY: 1, Comes.STOPS: 1}
    assert (found.never, found.others, found.told) == (BATCH + 3 - 4, 1, 3)
    assert "MARK-77" in before
    assert "with entries that stand already" in before
    assert await words_sent(console) == []


async def test_a_file_is_withdrawn_once_and_by_whoever_may(ops: httpx.AsyncClient, console: Console) -> None:
    """A stranger and a missing reason change nothing; pressed twice it is one action; no further row is handed in."""
    place = await checked(ops, rows(BATCH + 5))
    file = await kept(console, place)
    async with console.database.session() as session:
        await intake_files.hand_in_some(session, file, _handed, NOW, limit=BATCH)
    agent, boss = await console.signed_in(Role.AGENT), await console.signed_in(Role.SUPERVISOR)

    strange = await agent.post(f"{place}/withdrawals", data={"reason": "not mine at all"})
    empty = await ops.post(f"{place}/withdrawals", data={"reason": " "})
    answers = [await boss.post(f"{place}/withdrawals", data={"reason": "the wrong day"}) for _ in range(2)]
    await ops.post(f"{place}/starts")
    await finished(console, place)
    page = (await ops.get(place)).text
    again = await ops.get(f"{place}/withdrawals")

    assert (strange.status_code, empty.status_code) == (403, 422)
    assert [answer.status_code for answer in answers] == [303, 303]
    words = await words_sent(console)
    assert len(words) == BATCH
    assert words[0].act["reason"] == "the wrong day"
    counts = await counts_of(console, place)
    assert (counts.of(intake_files.Fate.DROPPED), counts.left) == (5, 0)
    assert f"0 of {BATCH} cases have taken it" in page
    assert "5 rows are never handed in" in page
    assert again.status_code == 303
    async with console.database.session() as session:
        begun = await session.exec(select(OutboxRow).where(OutboxRow.workflow_type == "BulkActionWorkflow"))
        assert len(begun.all()) == 1


async def test_a_file_that_never_started_is_withdrawn_without_telling_anybody(
    ops: httpx.AsyncClient, console: Console
) -> None:
    """Nothing of it was handed in, so there is no case to tell; its rows are never handed in."""
    place = await checked(ops, rows(3))

    await ops.post(f"{place}/withdrawals", data={"reason": "uploaded twice"})
    page, listed = (await ops.get(place)).text, (await ops.get("/files")).text

    assert "No open case had to hear of it" in page
    assert "uploaded twice" in page
    assert "Withdrawn" in listed
    assert (await stored(console, place)).withdrawn_by == "ops@example.org"


async def test_the_pages_of_a_withdrawal_fit_a_phone(
    ops: httpx.AsyncClient, console: Console, screen: Browser, address: str
) -> None:
    """No axe violation, nothing too wide: before, with the reason missing, and once the file is withdrawn."""
    place = await checked(ops, rows(4))
    file = await kept(console, place)
    async with console.database.session() as session:
        await intake_files.hand_in_some(session, file, _handed, NOW, limit=3)
    context = await screen.new_context(viewport={"width": 360, "height": 800})
    page = await sign_in(context, address, "ops")

    await page.goto(f"{address}{place}/withdrawals")
    troubles = await looked_at(page, 360)
    await page.get_by_role("button", name="Withdraw the file").click()
    await page.get_by_text("Not sent yet").wait_for()
    troubles += await looked_at(page, 360)
    await page.get_by_label("Reason").fill("the wrong week")
    await page.get_by_role("button", name="Withdraw the file").click()
    await page.get_by_text("0 of 3 cases have taken it").wait_for()
    troubles += await looked_at(page, 360)
    await context.close()

    assert troubles == []


def entry(case: Case, state: State, at: datetime = NOW) -> WorkItem:
    """An entry of that case on the order desk."""
    return WorkItem(
        case_id=case.id,
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=Kind.CHANGE,
        target_key=case.order_no,
        reference=f"R-{case.number}",
        occurrence=f"{case.number}/mark",
        wait_since=at,
        state=state,
        confirmation="MARK-77" if state is State.DONE else None,
        created_at=at,
        updated_at=at,
    )


async def words_sent(console: Console) -> list[BulkItem]:
    """What is to be told to whom."""
    async with console.database.session() as session:
        return list(await session.exec(select(BulkItem).order_by(col(BulkItem.ordinal))))


async def stored(console: Console, place: str) -> IntakeFile:
    """The file as it is kept."""
    return await kept(console, place)
