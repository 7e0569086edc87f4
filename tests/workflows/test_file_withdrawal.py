"""A whole file is withdrawn: each of its cases hears of it, once, and nothing that is keyed is forgotten."""

import uuid
from datetime import timedelta

from sqlmodel import col, select

from console.file_kinds import KINDS
from core import clock
from handoff.failed_delivery import JOURNEY
from records import bulk, file_withdrawal, intake_files
from records.bulk_action import OVER, BulkAction, BulkFate
from records.case import Case
from records.file_withdrawal import Comes, Wanted
from records.intake import Receipt
from records.intake_files import Fate, NewRow
from records.outbox import OutboxRow
from records.people import Role
from records.submission import IntakeFile, Submission, Verdict
from tests.support.journey import Journey, report_of
from tests.workflows.cast import unknown_order

REASON = "the wrong day's file"


async def test_a_file_is_withdrawn_with_a_result_for_each_case(journey: Journey, order_no: str) -> None:
    """What is keyed goes to a person, what is not stops, what was not handed in never starts; twice it is one word.

    The first two rows are handed in before; the third is handed in while Temporal has not heard of it yet.
    """
    ops = await journey.person(Role.OPS)
    file = await kept(journey, order_no, unknown_order(), unknown_order(), unknown_order())
    await handed_in(journey, file, 2)
    keyed, asked = await receipts(journey, file)
    await journey.until_stage(keyed, "with_service")
    await journey.until_stage(asked, "correction")

    wanted = Wanted(file_id=file.id, by="ops@example.org", by_id=ops, reason=REASON)
    await handed_in(journey, file, 1, later=timedelta(seconds=3))
    async with journey.database.session() as session:
        seen = await file_withdrawal.preview(session, file.id, limit=10)
        await file_withdrawal.withdraw(session, wanted, clock.now())
    async with journey.database.session() as session:
        again = await file_withdrawal.withdraw(session, wanted, clock.now())
    more = await handed_in(journey, file, 25)
    assert again.bulk_id is not None
    await journey.until(asked, lambda: over(journey, again.bulk_id))
    late = (await receipts(journey, file))[2]
    cases = [await journey.until_stage(one, "closed") for one in (asked, late)]
    undone = await journey.until_offered(keyed, 2)

    assert (seen.never, seen.cases.get(Comes.PERSON), seen.told, more) == (1, 1, 3, 0)
    assert {one.case_number for one in seen.keyed} == {keyed.case_number}
    assert {case.outcome for case in cases} == {f"withdrawn: {REASON}"}
    assert undone.packet["missing"][0].startswith("Keyed already: Order marked")
    async with journey.database.session() as session:
        results = await bulk.results(session, again.bulk_id)
        counts = (await intake_files.counts(session, file.id))[file.id]
        mark = (await session.exec(select(BulkAction.title))).all()
    assert [(one.state, one.said) for one in results] == [
        (BulkFate.DONE, "Withdrawn. What is keyed already goes to a person."),
        (BulkFate.DONE, "Withdrawn. Nothing is keyed."),
        (BulkFate.DONE, "Withdrawn. Nothing is keyed."),
    ]
    assert (counts.of(Fate.DROPPED), counts.left, len(mark)) == (1, 0, 1)


async def kept(journey: Journey, *orders: str) -> IntakeFile:
    """A file of one row for each order, checked."""
    file = IntakeFile(
        id=uuid.uuid4(),
        journey=JOURNEY,
        name="monday.csv",
        uploaded_by="ops@example.org",
        uploaded_at=clock.now(),
        guess={},
        columns=[],
    )
    reports = [report_of(order) for order in orders]
    rows = [
        NewRow(number=number, cells=(), content=report.model_dump(mode="json"), key=report.business_key)
        for number, report in enumerate(reports, start=2)
    ]
    async with journey.database.session() as session:
        await intake_files.keep(session, file, rows)
    return file


async def handed_in(journey: Journey, file: IntakeFile, limit: int, later: timedelta = timedelta()) -> int:
    """Hand in so many more rows; how many there were. Temporal hears of them only so much `later`."""
    async with journey.database.session() as session:
        kept = await intake_files.hand_in_some(
            session, file, lambda row: KINDS[JOURNEY].work(row, file.uploaded_by), clock.now(), limit=limit
        )
        for row in await session.exec(select(OutboxRow).where(col(OutboxRow.sent_at).is_(None))):
            row.next_try_at += later
    return len(kept)


async def receipts(journey: Journey, file: IntakeFile) -> list[Receipt]:
    """The cases of the file, in the order of its rows."""
    rows = select(Submission, Case).where(Submission.file_id == file.id, Case.id == Submission.case_id)
    async with journey.database.session() as session:
        found = (await session.exec(rows)).all()
    return [
        Receipt(
            submission_id=submission.id,
            case_id=case.id,
            case_number=case.number,
            verdict=Verdict.STARTED,
            received_at=submission.received_at,
        )
        for submission, case in sorted(found, key=lambda pair: pair[0].row_number or 0)
    ]


async def over(journey: Journey, bulk_id: uuid.UUID | None) -> bool:
    """Whether the action has ended."""
    async with journey.database.session() as session:
        return (await session.exec(select(BulkAction.state).where(BulkAction.id == bulk_id))).one() in OVER
