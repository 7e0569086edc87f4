"""Keeping the case: the local activities by which a workflow writes its records."""

import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from temporalio import activity

from core.faults import RecordNotFound
from records import bookkeeping, late_runs
from records.bookkeeping import DecisionTaken, NoticeIntent, SubmissionReviewed, Write
from records.case import Case
from records.database import Database
from records.events import Happened
from records.notice import Notice
from records.submission import Submission
from records.told import Tell

__all__ = ["DecisionTaken", "Happened", "Keep", "NoticeIntent", "SubmissionReviewed", "Tell", "Write"]


class ReadSubmission(BaseModel):
    """Which submission to read."""

    model_config = ConfigDict(frozen=True)

    submission_id: uuid.UUID


class SubmissionRead(BaseModel):
    """A submission's content and whether a person still has to look at it."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    content: dict[str, Any]
    open: bool


class KeyWanted(BaseModel):
    """Another business key that a correction asks for."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    journey: str
    business_key: str


class KeyTaken(BaseModel):
    """The number of the case that has the key already; empty when it is free."""

    model_config = ConfigDict(frozen=True)

    by_case: str = ""


class NoticeWanted(BaseModel):
    """Which notice, by its occurrence (the case and the step of its journey)."""

    model_config = ConfigDict(frozen=True)

    occurrence: str


class NoticeKept(BaseModel):
    """The notice's id."""

    model_config = ConfigDict(frozen=True)

    notice_id: uuid.UUID


class Keep:
    """Bookkeeping on the records; every method is a local activity, short and repeatable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="keep")
    async def keep(self, write: Write) -> bool:
        """Commit one write; False when this or a later write of the case is there already."""
        return await late_runs.kept(self._database, write, bookkeeping.apply)

    @activity.defn(name="read_submission")
    async def read_submission(self, asked: ReadSubmission) -> SubmissionRead:
        """A proposed change as it was handed in; RecordNotFound when there is none of that id."""
        async with self._database.session() as session:
            found = await session.get(Submission, asked.submission_id)
        if found is None:
            raise RecordNotFound
        return SubmissionRead(case_id=found.case_id, content=found.content, open=found.verdict == "proposed")

    @activity.defn(name="claim_key")
    async def claim_key(self, wanted: KeyWanted) -> KeyTaken:
        """Give the case another business key, unless another case has it."""
        try:
            async with self._database.session() as session:
                case = await session.get_one(Case, wanted.case_id)
                case.business_key = wanted.business_key
                case.subject_key = wanted.business_key.rsplit("/", 1)[0]
        except IntegrityError:
            async with self._database.session() as session:
                other = select(Case.number).where(
                    Case.journey == wanted.journey, Case.business_key == wanted.business_key
                )
                return KeyTaken(by_case=(await session.exec(other)).one())
        return KeyTaken()

    @activity.defn(name="find_notice")
    async def find_notice(self, wanted: NoticeWanted) -> NoticeKept:
        """The notice row that an earlier write made."""
        async with self._database.session() as session:
            found = await session.exec(select(Notice.id).where(Notice.occurrence == wanted.occurrence))
            return NoticeKept(notice_id=found.one())
