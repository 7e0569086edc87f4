"""What people say got in their way: their own words, where they were, and every answer; nobody is left without one."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import maybe_moment, moment
from records.case import Case
from records.handoff import Handoff
from records.told import Tell, tell
from records.work_item import WorkItem

_NUMBER = re.compile(r"/([A-Z]{2,4}-\d+)(?:[/?#]|$)")
_ID = re.compile(r"/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:[/?#]|$)")


class Feedback(SQLModel, table=True):
    """One word of one person. `key` is the form's: pressed twice, it counts once."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("person", "key", name="uq_feedback_once"),
        Index("ix_feedback_open", "at", postgresql_where=text("closed_at IS NULL")),
        Index("ix_feedback_person", "person", "at"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    key: str
    person: str
    role: str
    text: str
    path: str
    case_number: str = ""
    width: int = 0
    at: datetime = moment()
    closed_at: datetime | None = maybe_moment()


class FeedbackAnswer(SQLModel, table=True):
    """One answer; `closes` says that it was the last."""

    __tablename__ = "feedback_answers"
    __table_args__ = (UniqueConstraint("feedback_id", "key", name="uq_feedback_answered_once"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    feedback_id: uuid.UUID = Field(foreign_key="feedback.id")
    key: str
    by: str
    text: str
    closes: bool = False
    at: datetime = moment()


class Given(BaseModel):
    """What a person says, and where they were when they said it; `width` is their window's, 0 when it is not known."""

    model_config = ConfigDict(frozen=True)

    key: str
    person: str
    role: str
    text: str
    path: str
    width: int = 0


class Answered(BaseModel):
    """An answer to it."""

    model_config = ConfigDict(frozen=True)

    key: str
    by: str
    text: str
    closes: bool


async def give(session: AsyncSession, given: Given, now: datetime) -> Feedback:
    """Keep it, once; what is kept under the same key by the same person is what is given back."""
    row = Feedback(**given.model_dump(), case_number=await case_of(session, given.path), at=now)
    statement = insert(Feedback).values(**row.model_dump()).on_conflict_do_nothing(constraint="uq_feedback_once")
    await (await session.connection()).execute(statement)
    kept = select(Feedback).where(Feedback.key == given.key, Feedback.person == given.person)
    return (await session.exec(kept)).one()


async def answer(session: AsyncSession, row: Feedback, answered: Answered, now: datetime) -> bool:
    """Keep the answer, once, and tell the person; False when it had been closed before."""
    connection = await session.connection()
    if answered.closes:
        open_ = update(Feedback).where(col(Feedback.id) == row.id, col(Feedback.closed_at).is_(None))
        if not (await connection.execute(open_.values(closed_at=now))).rowcount:
            return await _known(session, row, answered.key)
    elif row.closed_at is not None:
        return await _known(session, row, answered.key)
    made = FeedbackAnswer(feedback_id=row.id, at=now, **answered.model_dump())
    kept = insert(FeedbackAnswer).values(**made.model_dump())
    await connection.execute(kept.on_conflict_do_nothing(constraint="uq_feedback_answered_once"))
    one = Tell(
        kind="feedback_answered",
        occurrence=f"feedback/{row.id}/{answered.key}",
        to=f"person:{row.person}",
        text="What got in your way was answered" + (" and is closed." if answered.closes else "."),
        path=f"/feedback/{row.id}",
    )
    await tell(session, now, one)
    return True


async def one(session: AsyncSession, feedback_id: uuid.UUID) -> Feedback | None:
    """One word; None when there is none."""
    return await session.get(Feedback, feedback_id)


async def answers(session: AsyncSession, *feedback_ids: uuid.UUID) -> Sequence[FeedbackAnswer]:
    """The answers to these, the oldest first."""
    found = select(FeedbackAnswer).where(col(FeedbackAnswer.feedback_id).in_(feedback_ids))
    return (await session.exec(found.order_by(col(FeedbackAnswer.at)))).all()


async def listed(session: AsyncSession, person: str | None, *, closed: bool, limit: int) -> tuple[list[Feedback], int]:
    """What is open, the longest waiting first, or closed, the latest first, and how many there are in all.

    `person` narrows it to their own.
    """
    ended = col(Feedback.closed_at)
    mine: list[ColumnElement[bool]] = [ended.is_not(None) if closed else ended.is_(None)]
    if person is not None:
        mine.append(col(Feedback.person) == person)
    order = ended.desc() if closed else col(Feedback.at)
    found = await session.exec(select(Feedback).where(*mine).order_by(order).limit(limit))
    return list(found), (await session.exec(select(func.count()).select_from(Feedback).where(*mine))).one()


async def case_of(session: AsyncSession, path: str) -> str:
    """The number of the case that a page is about, "" for none: its own, or that of the entry or handoff it shows."""
    numbers, ids = _NUMBER.findall(path), [uuid.UUID(found) for found in _ID.findall(path)]
    wanted = select(Case.number)
    if numbers:
        wanted = wanted.where(Case.number == numbers[0])
    else:
        items = select(WorkItem.case_id).where(col(WorkItem.id).in_(ids))
        handoffs = select(Handoff.case_id).where(col(Handoff.id).in_(ids))
        wanted = wanted.where(col(Case.id).in_(items.union(handoffs)))
    return (await session.exec(wanted.limit(1))).first() or ""


async def _known(session: AsyncSession, row: Feedback, key: str) -> bool:
    known = select(FeedbackAnswer.id).where(FeedbackAnswer.feedback_id == row.id, FeedbackAnswer.key == key)
    return (await session.exec(known)).first() is not None
