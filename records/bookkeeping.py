"""A workflow's writes to its case: fenced by (run, seq), so that a repeated or late local activity changes nothing."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import case as case_when
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import WaitsFor
from records import told
from records.case import Case, CaseRun
from records.events import Happened, append
from records.notice import Notice, NoticeState
from records.submission import Submission
from records.told import Tell
from records.trail import Decision


class NoticeIntent(BaseModel):
    """A mail that is to be sent: its row must exist before anybody sends it."""

    model_config = ConfigDict(frozen=True)

    occurrence: str
    recipient: str
    subject: str
    body: str
    message_id: str


class DecisionTaken(BaseModel):
    """A verdict to log."""

    model_config = ConfigDict(frozen=True)

    rule: str
    version: str
    inputs: dict[str, Any]
    verdict: dict[str, Any]


class SubmissionReviewed(BaseModel):
    """A person's word on a proposed change."""

    model_config = ConfigDict(frozen=True)

    submission_id: uuid.UUID
    verdict: str
    by: str


class Write(BaseModel):
    """One bookkeeping write: everything in it is committed together or not at all; `case` holds columns of the case."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    run_id: str
    seq: int
    at: datetime
    case: dict[str, Any] = Field(default_factory=dict)
    events: tuple[Happened, ...] = ()
    decision: DecisionTaken | None = None
    notice: NoticeIntent | None = None
    reviewed: SubmissionReviewed | None = None
    tells: tuple[Tell, ...] = ()


async def apply(session: AsyncSession, write: Write) -> bool:
    """Do the write unless this case has seen it, or a later one, already; True when it was done now."""
    ordinal = await run_ordinal(session, write.case_id, write.run_id, write.at)
    fence = text("(run_ordinal, seq) < (:at_ordinal, :at_seq)").bindparams(at_ordinal=ordinal, at_seq=write.seq)
    case = Case.model_validate({**_blank(write), **write.case})
    values = _since_before({name: getattr(case, name) for name in write.case})
    moved = await (await session.connection()).execute(
        update(Case)
        .where(col(Case.id) == write.case_id, fence)
        .values(**values, run_id=write.run_id, run_ordinal=ordinal, seq=write.seq, updated_at=write.at)
        .returning(col(Case.id))
    )
    if moved.scalar_one_or_none() is None:
        return False
    await _parts(session, write)
    await told.tell(session, write.at, *write.tells)
    await append(session, write.case_id, write.at, *write.events)
    return True


def _since_before(values: dict[str, Any]) -> dict[str, Any]:
    """A case that still waits for the same system has waited since it began to, and not since somebody looked again."""
    if values.get("wait_kind") != WaitsFor.HELD_SYSTEM:
        return values
    same = (col(Case.wait_kind) == WaitsFor.HELD_SYSTEM) & (col(Case.wait_about) == values["wait_about"])
    return {**values, "wait_since": case_when((same, col(Case.wait_since)), else_=values["wait_since"])}


async def run_ordinal(session: AsyncSession, case_id: uuid.UUID, run_id: str, at: datetime) -> int:
    """The ordinal of a run among all that write to the case, taken at the run's first write; a later one reads it."""
    found = select(CaseRun.ordinal).where(CaseRun.case_id == case_id, CaseRun.run_id == run_id)
    known = (await session.exec(found)).one_or_none()
    if known is not None:
        return known
    connection = await session.connection()
    await connection.execute(
        text(
            """
            INSERT INTO case_runs (case_id, run_id, ordinal, first_write_at)
            SELECT :case, CAST(:run AS varchar), coalesce(max(ordinal), 0) + 1, :at
              FROM case_runs WHERE case_id = :case
            ON CONFLICT DO NOTHING
            """
        ),
        {"case": case_id, "run": run_id, "at": at},
    )
    return (await session.exec(found)).one()


async def _parts(session: AsyncSession, write: Write) -> None:
    if write.decision is not None:
        session.add(Decision(case_id=write.case_id, at=write.at, **write.decision.model_dump()))
    if write.notice is not None:
        session.add(to_send(write.case_id, write.notice, write.at))
    if write.reviewed is not None:
        submission = await session.get_one(Submission, write.reviewed.submission_id)
        reviewed = {"verdict": write.reviewed.verdict, "reviewed_by": write.reviewed.by, "reviewed_at": write.at}
        submission.sqlmodel_update(reviewed)


def to_send(case_id: uuid.UUID, notice: NoticeIntent, at: datetime) -> Notice:
    """The row of a mail before anybody sends it."""
    return Notice(case_id=case_id, state=NoticeState.WAITING, created_at=at, **notice.model_dump())


def _blank(write: Write) -> dict[str, Any]:
    """The required columns, so that the columns that are written can be validated (texts become dates and states)."""
    return {
        "number": "",
        "journey": "",
        "business_key": "",
        "subject_key": "",
        "stage": "received",
        "wait_kind": "nothing",
        "opened_at": write.at,
        "updated_at": write.at,
        "wait_since": write.at,
    }
