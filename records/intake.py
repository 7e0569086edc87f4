"""Handing work in: submission, case and outbox row in one transaction, whatever Temporal is doing."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core import tracing
from core.case import Stage, WaitsFor
from core.work_item import Priority
from records import outbox
from records.case import Case
from records.events import Happened, append
from records.submission import Submission, Verdict
from systems.base import content_hash


class HandedIn(BaseModel):
    """One piece of customer work as intake took it; `content` is the validated form as JSON.

    `id` becomes the submission's: a form that is sent twice brings the same one, and the second is kept out by it.
    """

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    journey: str
    prefix: str
    workflow_type: str
    task_queue: str
    business_key: str
    subject_key: str
    order_no: str = ""
    parcel_no: str = ""
    attempt: int = 1
    content: dict[str, Any]
    source: str
    submitted_by: str
    file_id: uuid.UUID | None = None
    row_number: int | None = None


class Receipt(BaseModel):
    """What the submitter gets: it stands even when Temporal is away."""

    model_config = ConfigDict(frozen=True)

    submission_id: uuid.UUID
    case_id: uuid.UUID
    case_number: str
    verdict: Verdict
    received_at: datetime


async def hand_in(session: AsyncSession, work: HandedIn, now: datetime) -> Receipt:
    """Keep a submission and open its case, or find the case that the same business key has already.

    The unique constraint on (journey, business key) decides races: the second of two simultaneous submissions waits
    for the first to commit and then finds its case. Raises SQLAlchemy's OperationalError when the database is away.
    """
    opened = await _open_case(session, work, now)
    if opened is not None:
        await _enqueue(session, work, opened, now)
        return await _keep(session, work, opened, Verdict.STARTED, now)
    case = (
        await session.exec(select(Case).where(Case.journey == work.journey, Case.business_key == work.business_key))
    ).one()
    verdict = await _verdict(session, work, case.id)
    if verdict is Verdict.PROPOSED:
        asked = Happened(name="submission.proposed", actor=work.submitted_by, data={"source": work.source})
        await append(session, case.id, now, asked)
    return await _keep(session, work, case, verdict, now)


async def _open_case(session: AsyncSession, work: HandedIn, now: datetime) -> Case | None:
    connection = await session.connection()
    known = await connection.execute(
        text("SELECT 1 FROM cases WHERE journey = :journey AND business_key = :key"),
        {"journey": work.journey, "key": work.business_key},
    )
    if known.scalar_one_or_none():
        return None
    case = Case(
        number=await _next_number(session, work.prefix),
        journey=work.journey,
        business_key=work.business_key,
        subject_key=work.subject_key,
        stage=Stage.RECEIVED,
        order_no=work.order_no,
        parcel_no=work.parcel_no,
        attempt=work.attempt,
        submitted_by=work.submitted_by,
        opened_at=now,
        updated_at=now,
        wait_kind=WaitsFor.TEMPORAL,
        wait_since=now,
    )
    values = case.model_dump(exclude={"search"})
    statement = insert(Case).values(**values).on_conflict_do_nothing(constraint="uq_cases_business_key")
    made = await connection.execute(statement.returning(col(Case.id)))
    if made.scalar_one_or_none() is None:
        return None
    await append(
        session,
        case.id,
        now,
        Happened(name="case.received", actor=work.submitted_by, data={"source": work.source, "number": case.number}),
    )
    return case


async def _next_number(session: AsyncSession, prefix: str) -> str:
    connection = await session.connection()
    number = (await connection.execute(text("SELECT nextval('case_numbers')"))).scalar_one()
    return f"{prefix}-{number:06d}"


async def _enqueue(session: AsyncSession, work: HandedIn, case: Case, now: datetime) -> None:
    session.add(
        outbox.OutboxRow(
            case_id=case.id,
            workflow_type=work.workflow_type,
            workflow_id=f"{work.journey}/{case.number}",
            task_queue=work.task_queue,
            argument={
                "case_id": str(case.id),
                "case_number": case.number,
                "submitted_by": work.submitted_by,
                "report": work.content,
                **_standing(work),
            },
            created_at=now,
            next_try_at=now,
        )
    )
    connection = await session.connection()
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": outbox.CHANNEL})


def _standing(work: HandedIn) -> dict[str, str]:
    """A file's rows are bulk, and take turns with those of other files; anything else is normal."""
    return {"priority": Priority.BULK.value, "fairness": str(work.file_id)} if work.file_id else {}


async def _verdict(session: AsyncSession, work: HandedIn, case_id: uuid.UUID) -> Verdict:
    hashes = await session.exec(select(Submission.content_hash).where(Submission.case_id == case_id))
    return Verdict.SAME if content_hash(work.content) in set(hashes) else Verdict.PROPOSED


async def _keep(session: AsyncSession, work: HandedIn, case: Case, verdict: Verdict, now: datetime) -> Receipt:
    kept = Submission(
        id=work.id,
        case_id=case.id,
        journey=work.journey,
        content=work.content,
        content_hash=content_hash(work.content),
        source=work.source,
        verdict=verdict,
        submitted_by=work.submitted_by,
        file_id=work.file_id,
        row_number=work.row_number,
        received_at=now,
    )
    await session.flush()
    session.add(kept)
    await session.flush()
    tracing.note(correlation=f"{work.journey}/{case.number}", journey=work.journey)
    return Receipt(submission_id=kept.id, case_id=case.id, case_number=case.number, verdict=verdict, received_at=now)
