"""Start work, files and desk in a real browser: pressed as people press, and no barrier that axe knows."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from sqlmodel import func, select

from console.file_starts import FileStarts
from core.work_item import State
from records.intake_files import ONE_BATCH_AT_A_TIME
from tests.console.conftest import NOW, Console
from tests.console.test_files import rows
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.console.test_plain_entry import entered, sheet
from tests.support.cast_of_cases import Cast
from tests.support.desk_cast import offer
from tests.support.eyes import barriers

DEMO = Path(__file__).resolve().parents[2] / "demo" / "data" / "failed_deliveries.csv"
Look = Callable[[], Awaitable[None]]


def looker(page: Page, width: int, found: list[str]) -> Look:
    """Looks at the page as it is: barriers, and whether it is too wide."""

    async def look() -> None:
        found.extend(await barriers(page))
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found.extend([f"{page.url} is {wide} wide"] if wide > width else [])

    return look


async def press(page: Page, name: str) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_start_work_is_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, cast: Cast
) -> None:
    """A form with errors, its receipt, a file, its start and a correction: no barrier, no sideways scrolling."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "ops")
    found: list[str] = []
    look = looker(page, width, found)

    await page.goto(f"{address}/intake")
    await page.get_by_label("Order number").fill("47")
    await press(page, "Hand in")
    await look()
    await page.get_by_label("Order number").fill("4700199")
    await page.get_by_label("Parcel number").fill("P-88112399")
    await page.get_by_label("Reason").fill("nobody home")
    await press(page, "Hand in")
    await look()
    await page.goto(f"{address}/intake")
    await page.get_by_label("CSV file").set_input_files(DEMO)
    await press(page, "Check the file")
    await look()
    await press(page, "Start")
    await look()
    await page.goto(f"{address}/files")
    await look()
    await page.goto(f"{address}/cases/{cast.correction}/correction")
    await look()

    await context.close()
    assert not found


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_the_desk_is_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, console: Console
) -> None:
    """Queue, workbench, a decision with errors, its preview, and both while Temporal is away: no barrier."""
    free = await offer(console.database, NOW, "4700301", timedelta(minutes=9))
    mine = await offer(console.database, NOW, "4700302", timedelta(hours=2), holder="agent@example.org")
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "agent")
    found: list[str] = []
    look = looker(page, width, found)

    await page.goto(f"{address}/desk")
    await look()
    await page.goto(f"{address}/desk/{free}")
    await look()
    await press(page, "Pick up")
    await look()
    await page.goto(f"{address}/desk/{mine}")
    await page.get_by_label("Deliver on another day").check()
    await press(page, "Preview")
    await look()
    await page.get_by_label("New delivery date").fill("2026-11-24")
    await press(page, "Preview")
    await look()
    await press(page, "Resolve")
    await look()

    await context.close()
    assert not found


async def test_a_decision_is_made_without_scripts(screen: Browser, address: str, console: Console) -> None:
    """Choice, fields, preview and the way back work in a browser that runs no script."""
    mine = await offer(console.database, NOW, "4700302", timedelta(hours=2), holder="agent@example.org")
    context = await screen.new_context(java_script_enabled=False)
    page = await sign_in(context, address, "agent")

    await page.goto(f"{address}/desk/{mine}")
    hidden = await page.get_by_label("New delivery date").is_visible()
    await page.get_by_label("House number").fill("21")
    await press(page, "Preview")
    keyed = await page.get_by_role("row", name="House no. 12 21").count()
    await press(page, "Change it")

    kept = await page.get_by_label("House number").input_value()
    await context.close()
    assert [hidden, keyed, kept] == [False, 1, "21"]


async def test_a_file_that_is_being_started_follows_itself(
    screen: Browser, address: str, console: Console, tmp_path: Path
) -> None:
    """The page of a large file moves on without a reload until every row is handed in."""
    (tmp_path / "large.csv").write_bytes(rows(300))
    context = await screen.new_context()
    page = await sign_in(context, address, "ops")
    await page.goto(f"{address}/intake")
    await page.get_by_label("CSV file").set_input_files(tmp_path / "large.csv")
    await press(page, "Check the file")

    starts: FileStarts = console.app.state.file_starts
    async with console.database.session() as session:  # no row goes before the page is seen, however slow it is
        await (await session.connection()).execute(select(func.pg_advisory_xact_lock(ONE_BATCH_AT_A_TIME)))
        await press(page, "Start 300 rows")
        began = bool(starts._running)
    await page.get_by_text("Every good row is handed in: 300 started").wait_for()

    await context.close()
    assert began


async def test_a_double_click_hands_in_once(screen: Browser, address: str) -> None:
    """Two clicks on Hand in lead to one receipt of a new case."""
    context = await screen.new_context()
    page = await sign_in(context, address, "ops")
    await page.goto(f"{address}/intake")
    await page.get_by_label("Order number").fill("4700199")
    await page.get_by_label("Parcel number").fill("P-88112399")
    await page.get_by_label("Reason").fill("nobody home")

    await page.get_by_role("button", name="Hand in").dblclick()

    await page.get_by_text("Your report is kept.").wait_for()
    await context.close()


ROWS = sheet(*(f"48000{number};Hafenweg;{number};28195;Bremen" for number in range(10, 15)), "48;Weg;1;28195;Bremen")


async def upload(page: Page, address: str, data: bytes, name: str = "rows.csv") -> None:
    """Upload a file of addresses to correct."""
    await page.goto(f"{address}/entries/operations/orderdesk/correct_address")
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": data}
    await page.get_by_label("CSV file").set_input_files(file)
    await press(page, "Check the file")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_plain_entry_is_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, console: Console
) -> None:
    """What can be keyed, a file that is none, a checked file, its progress and all its rows: no barrier."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "ops")
    found: list[str] = []
    look = looker(page, width, found)

    await page.goto(f"{address}/entries")
    await look()
    await upload(page, address, b"PK\x03\x04", "rows.xlsx")
    await look()
    await upload(page, address, ROWS)
    await look()
    await press(page, "Start")
    states = {2: State.DONE, 3: State.REFUSED, 4: State.DEFERRED, 5: State.UNKNOWN}
    await entered(console.database, page.url, states)
    await page.goto(f"{page.url}?show=all")
    await look()
    await page.goto(f"{address}/entries")
    await look()

    await context.close()
    assert not found


async def test_what_is_typed_stays_while_rows_move(screen: Browser, address: str, console: Console) -> None:
    """The page of a file asks how it stands every two seconds; the reason of a withdrawal is not lost by that."""
    context = await screen.new_context()
    page = await sign_in(context, address, "ops")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    await upload(page, address, ROWS)
    await press(page, "Start")
    await page.get_by_text("Withdraw the rest…").click()
    await page.get_by_label("Why").fill("the list was wrong")
    place = page.url

    await entered(console.database, place, {2: State.DONE, 3: State.DONE})
    await page.get_by_text("2 of 5 rows are done").wait_for()

    assert await page.get_by_label("Why").input_value() == "the list was wrong"
    assert await page.get_by_label("Why").is_visible()
    await context.close()
    assert not troubles
