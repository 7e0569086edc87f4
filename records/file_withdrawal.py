"""Withdrawing a whole file: what each of its cases would come to, and one durable action that tells them all."""

import uuid
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import bulk
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import OVER, BulkAction, BulkFate
from records.intake_files import ONE_BATCH_AT_A_TIME
from records.submission import IntakeFile

KIND = "withdraw_file"


class Comes(StrEnum):
    """What becomes of a case of the file when it is withdrawn now."""

    STOPS = "stops"
    ON_ITS_WAY = "on_its_way"
    PERSON = "person"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


TOLD = (Comes.STOPS, Comes.ON_ITS_WAY, Comes.PERSON)
"""Cases that hear of it; the others are left as they are."""


class KeyedOf(BaseModel):
    """One entry that stands on a system already, and the case whose it is."""

    model_config = ConfigDict(frozen=True)

    case_number: str
    system: str
    operation: str
    confirmation: str


class FilePreview(BaseModel):
    """What a withdrawal would come to: cases by fate, rows that never start, rows about cases that others started."""

    model_config = ConfigDict(frozen=True)

    cases: dict[Comes, int]
    never: int
    others: int
    keyed: tuple[KeyedOf, ...]
    keyed_in_all: int

    @property
    def told(self) -> int:
        """How many cases hear of it."""
        return sum(self.cases.get(one, 0) for one in TOLD)


_OWN = """
    SELECT cases.id, cases.number, cases.journey, cases.opened_at,
           CASE WHEN cases.closed_at IS NOT NULL THEN 'closed'
                WHEN EXISTS (SELECT 1 FROM events WHERE events.case_id = cases.id AND events.name = 'case.withdrawn')
                THEN 'withdrawn'
                WHEN EXISTS (SELECT 1 FROM work_items WHERE case_id = cases.id AND state = 'done') THEN 'person'
                WHEN EXISTS (SELECT 1 FROM work_items WHERE case_id = cases.id
                             AND state IN ('running', 'submitting', 'unknown')) THEN 'on_its_way'
                ELSE 'stops' END AS comes
      FROM submissions JOIN cases ON cases.id = submissions.case_id
     WHERE submissions.file_id = :file AND submissions.verdict = 'started'
"""
_COUNTING = text(f"SELECT comes, count(*) FROM ({_OWN}) AS own GROUP BY comes")  # noqa: S608 - words of ours alone
_TELLING = text(
    f"SELECT id, number, journey FROM ({_OWN}) AS own "  # noqa: S608 - words of ours alone
    "WHERE comes IN ('stops', 'on_its_way', 'person') ORDER BY number"
)
_ROWS = text(
    """
    SELECT count(*) FILTER (WHERE rows.submission_id IS NULL) AS never,
           count(*) FILTER (WHERE submissions.verdict <> 'started') AS others
      FROM intake_rows AS rows LEFT JOIN submissions ON submissions.id = rows.submission_id
     WHERE rows.file_id = :file AND rows.content IS NOT NULL
    """
)


_DONE = f"""
      FROM work_items AS items JOIN ({_OWN}) AS own ON own.id = items.case_id
     WHERE items.state = 'done' AND own.comes = 'person'
"""
_LISTING = text(
    "SELECT own.number AS case_number, items.system, items.operation, "
    f"coalesce(items.confirmation, items.reference) AS confirmation {_DONE} ORDER BY own.number, items.ended_at "
    "LIMIT :limit"
)
_NUMBERED = text(f"SELECT count(*) {_DONE}")


async def preview(session: AsyncSession, file_id: uuid.UUID, *, limit: int) -> FilePreview:
    """What would come of it now; of what is keyed, the first `limit`."""
    connection = await session.connection()
    told = await connection.execute(_COUNTING, {"file": file_id})
    cases = {Comes(comes): count for comes, count in told}
    never, others = (await connection.execute(_ROWS, {"file": file_id})).one()
    keyed = await _keyed(session, file_id, limit)
    number = (await connection.execute(_NUMBERED, {"file": file_id})).scalar_one()
    return FilePreview(cases=cases, never=never, others=others, keyed=keyed, keyed_in_all=number)


class Wanted(BaseModel):
    """Who withdraws which file, and why."""

    model_config = ConfigDict(frozen=True)

    file_id: uuid.UUID
    by: str
    by_id: uuid.UUID
    reason: str


async def withdraw(session: AsyncSession, wanted: Wanted, now: datetime) -> IntakeFile:
    """Hand in no further row, and have each open case of the file told, in one transaction; once for a file.

    A batch of rows that is just being handed in ends first, so that no case begins behind the action's back.
    """
    connection = await session.connection()
    await connection.execute(select(func.pg_advisory_xact_lock(ONE_BATCH_AT_A_TIME)))
    file = await session.get_one(IntakeFile, wanted.file_id, with_for_update=True, populate_existing=True)
    if file.withdrawn_at is not None:
        return file
    file.withdrawn_at, file.withdrawn_by, file.withdrawn_why = now, wanted.by, wanted.reason
    act = {"by": str(wanted.by_id), "reason": wanted.reason}
    rows = [
        BulkRow(
            workflow_id=f"{journey}/{number}",
            update="withdraw",
            act=act,
            label=number,
            link=f"/cases/{number}",
            case_id=case_id,
        )
        for case_id, number, journey in await connection.execute(_TELLING, {"file": file.id})
    ]
    if rows:
        file.bulk_id = (await bulk.ask(session, _asked(file, wanted), rows, now)).id
    return file


class Progress(BaseModel):
    """How far a file's withdrawal has come: its cases by what came of the word, and those that did not take it."""

    model_config = ConfigDict(frozen=True)

    bulk_id: uuid.UUID
    going: bool
    counts: dict[BulkFate, int]
    refused: tuple[tuple[str, str], ...]

    @property
    def total(self) -> int:
        """Every case that hears of it."""
        return sum(self.counts.values())

    @property
    def heard(self) -> int:
        """Cases that have taken it."""
        return self.counts.get(BulkFate.DONE, 0)


async def progress(session: AsyncSession, file: IntakeFile) -> Progress | None:
    """None when the file is not withdrawn, or none of its cases had to hear."""
    if file.bulk_id is None:
        return None
    action = await session.get_one(BulkAction, file.bulk_id)
    counts = (await bulk.counts(session, [file.bulk_id]))[file.bulk_id]
    others = await bulk.results(session, file.bulk_id, (BulkFate.REFUSED, BulkFate.FAILED, BulkFate.SKIPPED), limit=20)
    return Progress(
        bulk_id=file.bulk_id,
        going=action.state not in OVER,
        counts=counts,
        refused=tuple((item.label, item.said) for item in others),
    )


def _asked(file: IntakeFile, wanted: Wanted) -> BulkAsked:
    return BulkAsked(
        key=f"withdraw/{file.id}",
        kind=KIND,
        title=f"Withdraw the file {file.name}",
        why=wanted.reason,
        by=wanted.by,
        by_id=wanted.by_id,
        selection={"file": str(file.id), "name": file.name},
    )


async def _keyed(session: AsyncSession, file_id: uuid.UUID, limit: int) -> tuple[KeyedOf, ...]:
    found = await (await session.connection()).execute(_LISTING, {"file": file_id, "limit": limit})
    return tuple(KeyedOf.model_validate(row, from_attributes=True) for row in found)
