"""A supervisor's morning: a changed screen stands in the way of a whole file; one cause, a mended bot, one release.

`BATON_MORNING_ROWS=200 .venv/bin/pytest tests/acceptance/test_morning.py` plays it with as many rows as one likes.
"""

import asyncio
import csv
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.async_api import Browser, Page, expect

from baton.data_folder import DataFolder
from demo.orderdesk.codes import CLOSED_STATUS
from demo.orderdesk.seed import standard_orders
from tests.acceptance.conftest import SHORT, UP, Running
from tests.acceptance.test_by_hand import signed_in
from tests.acceptance.test_kills import back, until
from tests.support.eyes import barriers
from tests.support.patience import PATIENCE
from tests.support.processes import Program, parts_of

ROWS = int(os.environ.get("BATON_MORNING_ROWS", "14"))
LONG = PATIENCE + 3 * ROWS
ENTER = ("-m", "baton", "enter", "orderdesk", "correct_address", "--file")
IN_FLIGHT = 8
"""More than the seats are never under way together, so nothing overtakes more than these."""
IN_TURN = """
    SELECT ordinal FROM bulk_items JOIN bulk_actions ON bulk_actions.id = bulk_id
      JOIN attempts ON attempts.item_id = bulk_items.item_id AND attempts.started_at > bulk_actions.asked_at
     ORDER BY attempts.started_at
"""
SYSTEM_OF_TODAY = """
from systems.extension import Extension
EXTENSION = Extension("mended_desk", 1)
"""
MENDED = """
from systems.extension import Extension
EXTENSION = Extension("mended_desk", 1, mends={("orderdesk", "bot"): "mended_desk.bot:route"})
"""
THE_BOT_THAT_KNOWS = """
from dataclasses import replace
from bots.orderdesk import bot, forms, sightings

street, *others = forms.ADDRESS.fields
sightings.FORMS["correct_address"] = replace(forms.ADDRESS, fields=(replace(street, caption="Street name"), *others))
bot.VERSION = "orderdesk-mended"
route = bot.route
"""


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    """A folder outside the tree, in which the mended bot will come."""
    home = tmp_path / "mended_desk"
    home.mkdir()
    (home / "__init__.py").write_text(SYSTEM_OF_TODAY)
    return home


@pytest.fixture
def baton(folder: DataFolder, mended: Path) -> Iterator[Running]:
    """A running Baton that knows of that folder."""
    with Program(*UP, str(folder.path), env={**SHORT, "BATON_EXTENSIONS": str(mended)}) as program:
        program.says("Baton is ready")
        threading.Thread(target=program.drain, daemon=True).start()
        yield Running(program, folder, folder.read_environment())
        program.stop()


def rows_of(path: Path, first: int, count: int) -> Path:
    """A file of new addresses, one for each order that takes one and then again from the first."""
    orders = [one["order_no"] for one in standard_orders() if one["status"] not in CLOSED_STATUS]
    with path.open("w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["order_no", "street", "house_no", "postcode", "city"])
        for number in range(first, first + count):
            sheet.writerow([orders[number % len(orders)], "Lindenallee", number + 1, "28195", "Bremen"])
    return path


async def entered(baton: Running, file: Path, *more: str) -> None:
    """Have a file's rows entered."""
    environment = {**baton.at, "BATON_DATA_DIR": str(baton.folder.path)}
    with Program(*ENTER, str(file), *more, env=environment) as program:
        await asyncio.to_thread(program.says, "Results" if more else "Follow")
        await asyncio.to_thread(program.drain)


def changed_at(desk: str) -> None:
    """The order desk gets a new release: a caption of its address screen is another."""
    httpx.post(f"{desk}/faults", json={"layout": "v3", "layout_screen": "address"}, timeout=PATIENCE).raise_for_status()


async def deployed(baton: Running, mended: Path) -> None:
    """The mended bot's files come in, and the bots start anew."""
    (mended / "bot.py").write_text(THE_BOT_THAT_KNOWS)
    (mended / "__init__.py").write_text(MENDED)
    pid = parts_of(baton.folder.record)["bots"]
    psutil.Process(pid).send_signal(signal.SIGTERM)
    await asyncio.wait_for(back(baton, "bots", pid), PATIENCE)


async def killed(baton: Running, part: str) -> None:
    """`kill -9` of a part, and its return."""
    pid = parts_of(baton.folder.record)[part]
    psutil.Process(pid).send_signal(signal.SIGKILL)
    await asyncio.wait_for(back(baton, part, pid), PATIENCE)


async def the_cause(page: Page, console: str) -> None:
    """The supervisor opens the queue and the one group there is: it names the change and counts every entry."""
    await page.goto(f"{console}/failures")
    assert await barriers(page) == []
    await page.locator("main a[href^='/failures/']").first.click()
    await expect(page.get_by_text("Street name").first).to_be_visible()
    assert await barriers(page) == []


async def test_a_supervisors_morning(screen: Browser, baton: Running, mended: Path, tmp_path: Path) -> None:
    """One group counts every entry, failed or held behind it; released by one that is seen done, the rest follow.

    They follow in their order, though the worker and then Temporal's server are killed on the way: the counts add up,
    and the order desk's ledger has each of them once.
    """
    console, desk = baton.at["BATON_CONSOLE_URL"], baton.at["BATON_ORDERDESK_URL"]
    await entered(baton, rows_of(tmp_path / "yesterday.csv", 0, 1), "--wait")
    await asyncio.to_thread(changed_at, desk)
    await entered(baton, rows_of(tmp_path / "today.csv", 1, ROWS))
    standing = "SELECT count(*) FROM failures WHERE ended_at IS NULL"
    await asyncio.wait_for(until(baton, standing, ROWS), LONG)
    groups = baton.query("SELECT open, review FROM failure_groups WHERE open > 0")
    held = baton.query(f"{standing} AND held")[0][0]
    supervisor = await signed_in(screen, baton, "supervisor")
    await the_cause(supervisor, console)

    await deployed(baton, mended)
    group = supervisor.url.rsplit("/", 1)[-1].split("?")[0]
    await supervisor.goto(f"{console}/bulk-actions/new?kind=retry&group={group}")
    await supervisor.get_by_role("button", name=f"Try {ROWS} again").click()
    await supervisor.wait_for_url("**/bulk-actions/*")
    for done, part in ((3, "worker"), (6, "temporal")):
        await asyncio.wait_for(until(baton, "SELECT count(*) FROM bulk_items WHERE state = 'done'", done), LONG)
        await killed(baton, part)
    over = "SELECT count(*) FROM bulk_actions WHERE state NOT IN ('running', 'waiting_approval')"
    await asyncio.wait_for(until(baton, over, 1), LONG)
    await supervisor.reload()

    assert groups == [(ROWS, "new")]
    assert held >= ROWS - 5
    assert baton.query("SELECT state, stage FROM bulk_actions") == [("done", "rest")]
    assert baton.query("SELECT state, count(*) FROM bulk_items GROUP BY state") == [("done", ROWS)]
    assert all(abs(at - ordinal) < IN_FLIGHT for at, (ordinal,) in enumerate(baton.query(IN_TURN)))
    references = Counter(baton.references("orderdesk"))
    assert (len(references), set(references.values())) == (ROWS + 1, {1})
    assert baton.query("SELECT review FROM failure_groups") == [("verified",)]
