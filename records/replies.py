"""How an answer finds its case: by a token in the address, by the mail it answers, or by a mark in its text."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff import links
from records.notice import Notice
from records.received_mail import ReplyToken


class Clues(BaseModel):
    """What in a mail may lead to its case: the lines with its recipients, the ids of the mails it answers, its text."""

    model_config = ConfigDict(frozen=True)

    recipients: str = ""
    answers: tuple[str, ...] = ()
    text: str = ""


class Found(BaseModel):
    """A case and what led to it: address, thread or mark."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    by: str


async def token_of(session: AsyncSession, case_id: uuid.UUID, now: datetime) -> str:
    """The case's token; made when its first mail goes out."""
    row = ReplyToken(case_id=case_id, token=links.reply_token(), made_at=now)
    await (await session.connection()).execute(
        insert(ReplyToken).values(**row.model_dump()).on_conflict_do_nothing(index_elements=["case_id"])
    )
    return (await session.exec(select(ReplyToken.token).where(ReplyToken.case_id == case_id))).one()


async def thread_of(session: AsyncSession, notice: Notice) -> tuple[str, ...]:
    """The ids of what was mailed about this case to the same person before, so that mail programs show one thread."""
    earlier = (
        select(Notice.message_id)
        .where(
            Notice.case_id == notice.case_id,
            Notice.recipient == notice.recipient,
            col(Notice.created_at) < notice.created_at,
        )
        .order_by(col(Notice.created_at))
    )
    return tuple(await session.exec(earlier))


async def case_of(session: AsyncSession, clues: Clues) -> Found | None:
    """The case that a mail belongs to, by its surest clue. A case's number proves nothing: anybody can guess one."""
    case_id = await _by_token(session, links.tokens_of_addresses(clues.recipients))
    if case_id is not None:
        return Found(case_id=case_id, by="address")
    case_id = await _by_thread(session, clues.answers)
    if case_id is not None:
        return Found(case_id=case_id, by="thread")
    case_id = await _by_token(session, links.tokens_of_marks(clues.text))
    return Found(case_id=case_id, by="mark") if case_id is not None else None


async def _by_token(session: AsyncSession, tokens: Sequence[str]) -> uuid.UUID | None:
    rows = await session.exec(select(ReplyToken).where(col(ReplyToken.token).in_(tokens)))
    known = {row.token: row.case_id for row in rows}
    return next((known[token] for token in tokens if token in known), None)


async def _by_thread(session: AsyncSession, message_ids: Sequence[str]) -> uuid.UUID | None:
    rows = await session.exec(select(Notice).where(col(Notice.message_id).in_(message_ids)))
    known = {row.message_id: row.case_id for row in rows}
    return next((known[one] for one in reversed(message_ids) if one in known), None)
