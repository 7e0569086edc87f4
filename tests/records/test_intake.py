"""Handing in: one case however often and however simultaneously somebody presses the button."""

import asyncio

import pytest
from sqlmodel import col, func, select

from records.case import Case
from records.database import Database
from records.intake import Receipt, hand_in
from records.outbox import OutboxRow
from records.submission import IntakeFile, Submission, Verdict
from tests.records.conftest import NOW
from tests.support.journey import handed, report_of


async def hands_in(database: Database, **fields: object) -> Receipt:
    """One press of the button."""
    async with database.session() as session:
        return await hand_in(session, handed(report_of("4700123", **fields)), NOW)


@pytest.mark.failure_mode("F37")
async def test_fifty_at_once_are_one_case(database: Database) -> None:
    """F37: fifty identical submissions at the same moment open one case with one start; all fifty are kept."""
    receipts = await asyncio.gather(*[hands_in(database) for _ in range(50)])

    async with database.session() as session:
        counted = [
            (await session.exec(select(func.count()).select_from(table))).one()
            for table in (Case, OutboxRow, Submission)
        ]
    assert len({receipt.case_id for receipt in receipts}) == 1
    assert [receipt.verdict for receipt in receipts].count(Verdict.STARTED) == 1
    assert counted == [1, 1, 50]


async def test_other_content_is_proposed_and_never_dropped(database: Database) -> None:
    """Under the same key the same words are the same, other words a proposal; another attempt is another case."""
    first = await hands_in(database)

    later = [await hands_in(database), await hands_in(database, reason_text="refused at the door")]
    second = await hands_in(database, attempt=2)

    assert [receipt.verdict for receipt in later] == ["same", "proposed"]
    assert {receipt.case_id for receipt in later} == {first.case_id}
    assert second.case_id != first.case_id


async def test_rows_of_a_file_are_bulk_and_take_turns(database: Database) -> None:
    """A case out of a file stands behind single ones, among those of its file; one from a form stands as any other."""
    file = IntakeFile(
        journey="failed-delivery", name="a.csv", uploaded_by="ops", uploaded_at=NOW, guess={}, columns=["order_no"]
    )
    async with database.session() as session:
        session.add(file)
        await session.flush()
        row = handed(report_of("4700124")).model_copy(update={"file_id": file.id, "row_number": 2})
        await hand_in(session, row, NOW)
    await hands_in(database)

    async with database.session() as session:
        asked = await session.exec(select(OutboxRow.argument).order_by(col(OutboxRow.workflow_id)))
        stands = [(argument.get("priority"), argument.get("fairness")) for argument in asked]
    assert stands == [("bulk", str(file.id)), (None, None)]
