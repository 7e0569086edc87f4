"""What is held behind a group of failures is said where people look, and a supervisor can end it with a reason."""

import re
import uuid

import httpx

from records import operation_holds
from records.holding_back import hold_back
from records.intake import hand_in
from records.operation_holds import OperationHold
from records.work_item import WorkItem
from tests.console.conftest import NOW, Console
from tests.support.failing import Entries
from tests.support.journey import handed, report_of


async def a_line(console: Console) -> tuple[OperationHold, uuid.UUID, str]:
    """A held operation, one entry behind it and its case's number."""
    async with console.database.session() as session:
        receipt = await hand_in(session, handed(report_of("4700123")), NOW)
    entries = Entries(console.database, receipt)
    for number in range(3):
        await entries.failed(f"470000{number}", at=NOW)
    waiting = await entries.new("4700009", at=NOW)
    async with console.database.session() as session:
        assert await hold_back(session, waiting, NOW)
    async with console.database.session() as session:
        (hold,) = await operation_holds.open_holds(session)
    return hold, waiting.id, receipt.case_number


async def test_the_group_says_what_it_holds_and_a_supervisor_lets_it_go(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """How many stand in line, since when; without a reason nothing ends, with one the line goes on, and it is kept."""
    hold, _, _ = await a_line(console)
    here = f"/failures/{hold.group_id}"
    shown = (await supervisor.get(here)).text
    await supervisor.post(f"{here}/holds/{hold.id}/endings", data={"why": " "})
    async with console.database.session() as session:
        still = await operation_holds.open_holds(session)

    await supervisor.post(f"{here}/holds/{hold.id}/endings", data={"why": "the vendor has taken the release back"})

    after = (await supervisor.get(here)).text
    assert re.search(
        r"Mark the order: delivery failed is held since .*3 entries failed in a row; 1 stands in line", shown, re.DOTALL
    )
    assert len(still) == 1
    assert "is held since" not in after
    assert "Let go: the vendor has taken the release back" in after


async def test_an_entry_in_line_says_so_and_leads_to_what_failed(
    console: Console, supervisor: httpx.AsyncClient, agent: httpx.AsyncClient
) -> None:
    """Its case says why it stands still, leads to the group, and lets it be tried now; an agent ends nothing."""
    hold, item_id, case_number = await a_line(console)
    async with console.database.session() as session:
        row = await session.get_one(WorkItem, item_id)
        row.wait_kind = "held_group"

    page = (await supervisor.get(f"/cases/{case_number}")).text
    refused = await agent.post(f"/failures/{hold.group_id}/holds/{hold.id}/endings", data={"why": "because"})

    assert "Held behind others that failed on the Order desk" in page
    assert f'<a href="/failures/{hold.group_id}">What failed before it</a>' in page
    assert f'action="/items/{item_id}/retries"' in page
    assert refused.status_code == 403
