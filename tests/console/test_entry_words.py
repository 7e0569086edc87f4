"""What the pages and files of plain entry say of rows that did not go straight through."""

import httpx

from core.work_item import State
from records.people import Role
from records.work_item import WorkItem
from tests.console.conftest import Console
from tests.console.test_plain_entry import GOOD, checked, entered, sheet, text_of


async def test_a_bad_row_reads_the_same_everywhere(ops: httpx.AsyncClient, console: Console) -> None:
    """Its column is named as the page names it, in the results too, and the bad rows can be had after the start."""
    place = await checked(ops, sheet(GOOD, "4800002;Weg;1;1067;Dresden"))
    await ops.post(f"{place}/starts")
    await entered(console.database, place, {2: State.DONE})

    results = (await ops.get(f"{place}/results.csv")).text
    page = await text_of(ops, place)

    assert "Postcode: This does not look right; wanted: five digits, as 28195." in results
    assert f'href="{place}/bad-rows.csv"' in page


async def test_a_list_is_wrong_in_one_sentence(ops: httpx.AsyncClient) -> None:
    """A cell of several values, one of them wrong, is told as its column and once."""
    place = "/entries/operations/orderdesk/return_to_sender"
    data = b"order_no,reason_code,carrier,parcels\n4800001,15,Fast,P-88112388 nothing"

    answer = await ops.post(place, files={"file": ("rows.csv", data, "text/csv")}, data={"key": ""})
    page = await text_of(ops, answer.headers["location"])

    assert page.count('class="reason"') == 1
    assert "Parcels: This does not look right; wanted: one to five, as P-88112388, with spaces between." in page


async def test_what_was_found_on_the_screen_says_so(ops: httpx.AsyncClient, console: Console) -> None:
    """A row that stood on the screen already has no number of its own; page and results say why."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")
    (item_id,) = await entered(console.database, place, {2: State.DONE})
    async with console.database.session() as session:
        item = await session.get_one(WorkItem, item_id)
        item.adopted, item.confirmation = True, None

    assert "found on the screen" in await text_of(ops, place)
    assert "Found on the screen, not entered again." in (await ops.get(f"{place}/results.csv")).text


async def test_a_file_without_rows_says_so(ops: httpx.AsyncClient) -> None:
    """Headings alone, or bad rows alone, are not called rows that are known already."""
    empty, bad = await checked(ops, sheet()), await checked(ops, sheet("x"))

    assert "There is no row below the headings" in await text_of(ops, empty)
    assert "Every row is bad" in await text_of(ops, bad)
    assert "No good row" in await text_of(ops, bad)


async def test_a_file_behind_others_that_failed_says_so(ops: httpx.AsyncClient, console: Console) -> None:
    """Rows in line behind a failure are not told as waiting for an account; who reviews failures is led there."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")
    (item_id,) = await entered(console.database, place, {2: State.READY})
    async with console.database.session() as session:
        (await session.get_one(WorkItem, item_id)).wait_kind = "held_group"
    supervisor = await console.signed_in(Role.SUPERVISOR)

    seen, minded = await text_of(ops, place), await text_of(supervisor, place)

    assert "1 row stands in line behind others that failed, and is not tried" in seen
    assert "is held or does not answer" not in seen
    assert "/failures?system=" not in seen
    assert "Stands in line" in await text_of(ops, "/entries")
    assert 'href="/failures?system=orderdesk">Failures</a>; it goes on' in minded


async def test_a_file_whose_system_is_held_says_so(ops: httpx.AsyncClient, console: Console) -> None:
    """Rows that wait for a refused account are not told as going on; who minds accounts is led there."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")
    (item_id,) = await entered(console.database, place, {2: State.READY})
    async with console.database.session() as session:
        (await session.get_one(WorkItem, item_id)).wait_kind = "held_system"
    supervisor = await console.signed_in(Role.SUPERVISOR)

    seen, minded = await text_of(ops, place), await text_of(supervisor, place)

    assert "1 row waits because the Order desk is held or does not answer." in seen
    assert "Waits: the system is held" in await text_of(ops, "/entries")
    assert 'href="/accounts">Accounts</a>; it goes on' in minded
    assert 'href="/accounts">Accounts</a>; it goes on' not in seen
