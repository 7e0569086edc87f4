"""Receipts: what became of a submission, at once and at any later time; and handing in a form exactly once."""

import uuid
from datetime import datetime

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, Wait
from records.case import Case
from records.database import Database
from records.intake import HandedIn, hand_in
from records.outbox import OutboxRow
from records.submission import Submission, Verdict
from records.waits import waits

log = structlog.get_logger(__name__)


class Kept(BaseModel):
    """A submission with its case as it stands now; `under_way` is false until Temporal has taken the case up."""

    model_config = ConfigDict(frozen=True)

    submission_id: uuid.UUID
    verdict: Verdict
    received_at: datetime
    submitted_by: str
    source: str
    content: dict[str, object]
    case_number: str
    stage: Stage
    opened_by: str
    opened_at: datetime
    under_way: bool
    wait: Wait | None


async def find(session: AsyncSession, submission_id: uuid.UUID) -> Kept | None:
    """The receipt of a submission, if it is here."""
    asked = (
        select(Submission, Case)
        .join(Case, col(Case.id) == col(Submission.case_id))
        .where(Submission.id == submission_id)
    )
    found = (await session.exec(asked)).one_or_none()
    if found is None:
        return None
    submission, case = found
    unsent = select(OutboxRow.id).where(OutboxRow.case_id == case.id, col(OutboxRow.sent_at).is_(None)).limit(1)
    waiting = (await session.exec(unsent)).one_or_none() is not None
    return Kept(
        submission_id=submission.id,
        verdict=submission.verdict,
        received_at=submission.received_at,
        submitted_by=submission.submitted_by,
        source=submission.source,
        content=submission.content,
        case_number=case.number,
        stage=case.stage,
        opened_by=case.submitted_by,
        opened_at=case.opened_at,
        under_way=not waiting,
        wait=(await waits(session, [case])).get(case.id),
    )


async def hand_in_once(database: Database, work: HandedIn, now: datetime) -> uuid.UUID:
    """Hand work in under its own id; the second of two sendings with one id finds the first. The submission's id."""
    async with database.session() as session:
        if await session.get(Submission, work.id) is not None:
            return work.id
    try:
        async with database.session() as session:
            receipt = await hand_in(session, work, now)
    except IntegrityError:
        async with database.session() as session:
            if await session.get(Submission, work.id) is None:
                raise
        return work.id
    log.info("case.kept", correlation=f"{work.journey}/{receipt.case_number}", source=work.source)
    return receipt.submission_id


async def to_correct(session: AsyncSession, email: str) -> list[Case]:
    """Cases whose order number the order desk does not know, handed in by this person, the most urgent first."""
    asked = (
        select(Case)
        .where(Case.submitted_by == email, Case.stage == Stage.CORRECTION, col(Case.closed_at).is_(None))
        .order_by(col(Case.wait_until).nulls_last(), col(Case.number))
        .limit(100)
    )
    return list(await session.exec(asked))


async def latest_of(session: AsyncSession, email: str, limit: int) -> list[tuple[Submission, Case]]:
    """What this person handed in by form lately, with its cases, the newest first."""
    asked = (
        select(Submission, Case)
        .join(Case, col(Case.id) == col(Submission.case_id))
        .where(Submission.submitted_by == email, Submission.source == "form")
        .order_by(col(Submission.received_at).desc())
        .limit(limit)
    )
    return [(submission, case) for submission, case in await session.exec(asked)]
