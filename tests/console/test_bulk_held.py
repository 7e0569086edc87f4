"""What stands in a line is sent to people: some of it or all, by when it is due, as a bulk action like any other."""

from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from fallbacks.held_line import HeldLine
from records.bulk_action import BulkAction, BulkItem, Proof
from records.intake import hand_in
from records.items import ItemView
from systems.seating import Seatings
from tests.console.conftest import NOW, Console
from tests.console.test_bulk_actions import form_of
from tests.support.journey import handed, report_of
from tests.support.outage_line import Line, an_outage, due

DUE = (90, -5, 30, None)


@pytest.fixture
async def line(console: Console) -> Line:
    """The order desk is away."""
    return await an_outage(console.database, NOW)


async def held(line: Line) -> list[ItemView]:
    """Four that stand in line, due in ninety minutes, five minutes ago, in thirty, and never."""
    made = []
    for number, minutes in enumerate(DUE):
        async with line.database.session() as session:
            receipt = await hand_in(session, handed(report_of(f"470010{number}")), NOW)
        await due(line.database, receipt.case_id, None if minutes is None else NOW + timedelta(minutes=minutes))
        made.append(await line.held(f"470010{number}", NOW, case_id=receipt.case_id))
    return made


def address(line: Line, more: str = "") -> str:
    """Its preview."""
    return f"/bulk-actions/new?kind=hand_over_held&behind={line.hold_id}{more}"


async def test_the_held_are_sent_to_people_the_first_due_first(
    console: Console, supervisor: httpx.AsyncClient, line: Line
) -> None:
    """All four are covered, what is past its time too; each one's workflow is told that a person makes it, and why."""
    items = await held(line)
    page = (await supervisor.get(address(line))).text
    form = {**form_of(page), "reason": "The order desk is out until Monday."}

    answers = [await supervisor.post("/bulk-actions", data=form) for _ in range(2)]

    async with console.database.session() as session:
        action = (await session.exec(select(BulkAction))).one()
        things = list(await session.exec(select(BulkItem).order_by(col(BulkItem.ordinal))))
    assert "Exactly these 4" in page
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (action.kind, action.title, action.proof) == (
        "hand_over_held",
        "Send to people, 4 held entries",
        Proof.TOLD,
    )
    assert [thing.item_id for thing in things] == [items[at].id for at in (1, 2, 0, 3)]
    assert {(thing.update, thing.act["route"], thing.failure_id) for thing in things} == {("reroute", "person", None)}


async def test_only_those_due_by_then_are_sent_and_none_that_was_let_go(
    console: Console, supervisor: httpx.AsyncClient, line: Line
) -> None:
    """Due before a moment: so many and no more; a page that is stale since the line goes on sends nothing."""
    await held(line)
    before = address(line, f"&due_before={NOW + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page = (await supervisor.get(before)).text
    form = {**form_of(page), "reason": "They are due."}
    await line.over(NOW)
    await HeldLine(line.database, Seatings()).run_once(NOW)

    stale = await supervisor.post("/bulk-actions", data=form)

    assert "Exactly these 2" in page
    assert "Held behind it<select" not in page
    assert stale.status_code == 409
    async with console.database.session() as session:
        assert (await session.exec(select(BulkAction))).all() == []
