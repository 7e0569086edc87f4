"""What got in somebody's way is kept with where they were, once, and its answer is told."""

import pytest
from sqlmodel import select

from records import access, feedback
from records.database import Database
from records.feedback import Answered, Given
from records.intake import Receipt
from records.items import ItemView
from records.told import Told
from tests.records.conftest import NOW

AGENT, LEAD = "agent@example.org", "supervisor@example.org"


@pytest.fixture(autouse=True)
async def _people(database: Database) -> None:
    """Everybody of the house."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)


def word(key: str = "k1", path: str = "/desk?queue=service") -> Given:
    """An agent's word."""
    return Given(key=key, person=AGENT, role="agent", text="The reason is asked twice.", path=path, width=360)


async def test_it_is_kept_once(database: Database) -> None:
    """The same form twice is one row, as it was first."""
    async with database.session() as session:
        first = await feedback.give(session, word(), NOW)
        again = await feedback.give(session, word().model_copy(update={"text": "other"}), NOW)
        _, count = await feedback.listed(session, None, closed=False, limit=10)

    assert (again.id, again.text, count) == (first.id, "The reason is asked twice.", 1)


async def test_the_case_is_known_from_the_page(database: Database, case: Receipt, item: ItemView) -> None:
    """By the number in the page's address, or by the entry that the page shows; no other page has one."""
    paths = [f"/cases/{case.case_number}?x=1", f"/items/{item.id}", "/cases/ZZ-000001", f"/items/{case.case_id}", "/"]

    async with database.session() as session:
        found = [await feedback.case_of(session, path) for path in paths]

    assert found == [case.case_number, case.case_number, "", "", ""]


async def test_an_answer_is_told_once_and_a_closed_one_takes_no_more(database: Database) -> None:
    """Each answer is told to the person, pressed twice it counts once; after the last there is no other."""
    answers = [("a1", False), ("a1", False), ("a2", True), ("a2", True), ("a3", True), ("a4", False)]
    async with database.session() as session:
        row = await feedback.give(session, word(), NOW)

    taken = []
    for key, closes in answers:
        async with database.session() as session:
            fresh = await feedback.one(session, row.id)
            assert fresh is not None
            given = Answered(key=key, by=LEAD, text=f"answer {key}", closes=closes)
            taken.append(await feedback.answer(session, fresh, given, NOW))

    async with database.session() as session:
        kept = [one.text for one in await feedback.answers(session, row.id)]
        told = (await session.exec(select(Told))).all()
    assert taken == [True, True, True, True, False, False]
    assert kept == ["answer a1", "answer a2"]
    assert [(one.person, one.kind) for one in told] == [(AGENT, "feedback_answered")] * 2


async def test_open_ones_are_apart_from_closed_ones_and_own_ones_from_all(database: Database) -> None:
    """The list gives what is asked for, and says how many there are beyond its limit."""
    async with database.session() as session:
        rows = [await feedback.give(session, word(f"k{number}"), NOW) for number in range(3)]
        await feedback.answer(session, rows[0], Answered(key="a", by=LEAD, text="done", closes=True), NOW)

    async with database.session() as session:
        open_, count = await feedback.listed(session, None, closed=False, limit=1)
        closed, _ = await feedback.listed(session, AGENT, closed=True, limit=9)
        others, none = await feedback.listed(session, LEAD, closed=False, limit=9)

    assert (len(open_), count, [one.id for one in closed], others, none) == (1, 2, [rows[0].id], [], 0)
