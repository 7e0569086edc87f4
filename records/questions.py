"""Questions to somebody outside while the case stays where it is: made with their mail, answered once, or closed."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff import links, messages
from records import hearing, notices
from records.case import Case
from records.events import Happened, append
from records.handoff import HandoffQuestion, QuestionState
from records.hearing import Heard
from records.notice import Notice, NoticeState
from records.notices import QUESTION

BY_LINK = frozenset({"customer", "depot", "carrier"})
"""Who is asked by a link in a mail; a colleague is asked on the case."""


class QuestionAsked(BaseModel):
    """A question to keep; `to_kind` is customer, depot, carrier or colleague."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    handoff_id: uuid.UUID
    case_id: uuid.UUID
    to_kind: str
    to_address: str = ""
    question: str
    asked_by: str
    expires_at: datetime
    pauses: bool = False


class QuestionClosed(BaseModel):
    """How a question ended otherwise than by its link: expired, withdrawn, or answered on the case."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    state: QuestionState
    answer: str = ""
    by: str = ""


class Given(BaseModel):
    """An answer, from the page behind a link or by `mail`; `attachments` name evidence that is kept already."""

    model_config = ConfigDict(frozen=True)

    text: str
    attachments: tuple[dict[str, Any], ...] = ()
    mail: uuid.UUID | None = None


def occurrence(question_id: uuid.UUID) -> str:
    """By what the notice with the link is found: the workflow sends it as it sends any other."""
    return f"{QUESTION}{question_id}"


async def make(session: AsyncSession, asked: QuestionAsked, now: datetime, *, console_url: str) -> None:
    """Keep the question, and, for somebody outside, the mail with its link; done again it changes nothing.

    The token stands in that mail alone: the records keep its hash, and Temporal never sees it.
    """
    token = links.link_token() if asked.to_kind in BY_LINK else ""
    row = HandoffQuestion(
        **asked.model_dump(),
        token_hash=links.hashed(token) if token else "",
        asked_at=now,
        state=QuestionState.OPEN,
    )
    statement = insert(HandoffQuestion).values(**row.model_dump()).on_conflict_do_nothing(index_elements=["id"])
    made = await (await session.connection()).execute(statement.returning(col(HandoffQuestion.id)))
    if made.scalar_one_or_none() is None or not token:
        return
    case = await session.get_one(Case, asked.case_id)
    message = messages.question(
        asked.question,
        link=links.answer_link(console_url, token),
        until=asked.expires_at,
        case_number=case.number,
    )
    session.add(
        Notice(
            case_id=asked.case_id,
            occurrence=occurrence(asked.id),
            recipient=asked.to_address,
            subject=message.subject,
            body=message.body,
            message_id=f"<{asked.id}@baton>",
            state=NoticeState.WAITING,
            created_at=now,
        )
    )


async def close(session: AsyncSession, closed: QuestionClosed, now: datetime) -> bool:
    """End an open question; False when it was answered or closed before."""
    row = await _locked(session, HandoffQuestion.id == closed.id)
    if row is None or row.state is not QuestionState.OPEN:
        return False
    row.state = closed.state
    if closed.state is QuestionState.ANSWERED:
        row.answer, row.answered_by, row.answered_at = closed.answer, closed.by, now
    mail = select(Notice).where(Notice.occurrence == occurrence(closed.id))
    unsent = (await session.exec(mail)).one_or_none()
    if unsent is not None:
        await notices.take_back(session, unsent, now)
    return True


async def by_token(session: AsyncSession, token: str) -> HandoffQuestion | None:
    """The question behind a link; None when the token is nobody's."""
    found = select(HandoffQuestion).where(HandoffQuestion.token_hash == links.hashed(token))
    return (await session.exec(found)).one_or_none()


def standing(question: HandoffQuestion, now: datetime) -> QuestionState:
    """How it stands at `now`: one that is past its time is over, whether or not somebody has noted that yet."""
    if question.state is QuestionState.OPEN and question.expires_at <= now:
        return QuestionState.EXPIRED
    return question.state


async def answer(session: AsyncSession, token: str, given: Given, now: datetime) -> QuestionState | None:
    """Keep the answer with its event and what the handoff must hear, once. How the question stood before; None: no
    such token."""
    row = await _locked(session, HandoffQuestion.token_hash == links.hashed(token))
    if row is None:
        return None
    before = standing(row, now)
    await take(session, row, given, now)
    return before


async def by_mail(session: AsyncSession, answers: Sequence[str]) -> HandoffQuestion | None:
    """The question whose mail is answered, locked; None when these are other mails."""
    asked = select(Notice.occurrence).where(
        col(Notice.message_id).in_(answers), col(Notice.occurrence).startswith(QUESTION)
    )
    found = (await session.exec(asked)).first()
    return await _locked(session, HandoffQuestion.id == uuid.UUID(found.partition("/")[2])) if found else None


async def take(session: AsyncSession, row: HandoffQuestion, given: Given, now: datetime) -> bool:
    """Keep an answer to a question that the caller has locked, with its event and what the handoff must hear."""
    if standing(row, now) is not QuestionState.OPEN:
        return False
    row.state, row.answer, row.answered_by, row.answered_at = QuestionState.ANSWERED, given.text, row.to_kind, now
    await append(session, row.case_id, now, _answered(row, given))
    heard = Heard(kind="answer", id=str(row.id), by=row.to_kind, text=given.text)
    await hearing.tell(session, row.case_id, row.handoff_id, heard, now)
    return True


def _answered(row: HandoffQuestion, given: Given) -> Happened:
    data: dict[str, Any] = {
        "handoff": str(row.handoff_id),
        "question": str(row.id),
        "by": row.to_kind,
        "text": row.answer,
        "attachments": list(given.attachments),
    }
    if given.mail is not None:
        data["mail"] = str(given.mail)
    return Happened(name="handoff.answered", actor=row.to_kind, data=data)


async def _locked(session: AsyncSession, which: Any) -> HandoffQuestion | None:
    return (await session.exec(select(HandoffQuestion).where(which).with_for_update())).one_or_none()
