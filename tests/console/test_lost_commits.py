"""A connection that breaks at COMMIT: nobody knows whether it was kept, everybody is told so, and it counts once."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import func, select

from console.app import create_app
from records import receipts
from records.case import Case
from records.database import Database
from records.outbox import OutboxRow
from records.people import Role
from records.submission import Submission
from tests.console.conftest import NOW, Console
from tests.console.test_start_work import REPORT
from tests.support.cut import Cut, Way, way_to
from tests.support.journey import handed, report_of

SUBMITTED = b"INSERT INTO submissions"
pytestmark = pytest.mark.failure_mode("F53")


@pytest.fixture
async def way(console: Console) -> AsyncIterator[Way]:
    """A way to the console's database that can be cut."""
    async with way_to(console.database.url) as way:
        yield way


@pytest.fixture
async def over_it(way: Way) -> AsyncIterator[Database]:
    """The records over that way."""
    database = Database(way.url)
    yield database
    await database.close()


async def counted(database: Database) -> list[int]:
    """Cases, rows for Temporal and submissions."""
    async with database.session() as session:
        tables = (Case, OutboxRow, Submission)
        return [(await session.exec(select(func.count()).select_from(table))).one() for table in tables]


@pytest.mark.parametrize(("cut", "kept"), [(Cut.UNHEARD, 0), (Cut.UNANSWERED, 1)])
async def test_what_is_handed_in_again_is_one_row(
    console: Console, over_it: Database, way: Way, cut: Cut, kept: int
) -> None:
    """F53: whether the COMMIT was never heard or only its answer lost, handed in again under its id it is one."""
    work = handed(report_of("4700123"))
    way.cut, way.after = cut, SUBMITTED

    with pytest.raises(OperationalError):
        await receipts.hand_in_once(over_it, work, NOW)
    after = await counted(console.database)
    again = await receipts.hand_in_once(over_it, work, NOW)

    assert after == [kept] * 3
    assert again == work.id
    assert await counted(console.database) == [1, 1, 1]


@pytest.mark.parametrize("cut", Cut)
async def test_a_form_does_not_say_that_nothing_was_kept(
    console: Console, over_it: Database, way: Way, cut: Cut
) -> None:
    """F53: the page says that nobody knows, keeps what was typed, and sent again it is one case."""
    parts = replace(console.parts, database=over_it)
    browser = await Console(create_app(parts), parts).signed_in(Role.OPS)
    way.cut, way.after = cut, SUBMITTED

    refused = await browser.post("/failed-deliveries", data={**REPORT, "key": "k"})
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', refused.text))
    taken = await browser.post("/failed-deliveries", data=kept)

    await browser.aclose()
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert "is not known" in refused.text
    assert "changed nothing" not in refused.text
    assert taken.status_code == 303
    assert await counted(console.database) == [1, 1, 1]
