"""A mail's way through the records: *sending* before the first byte of it leaves, then what came of it."""

import uuid
from datetime import datetime

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.events import Happened, append
from records.notice import Notice, NoticeState

QUESTION = "question/"
"""How the occurrence of a mail begins that asks somebody something."""


async def read(session: AsyncSession, notice_id: uuid.UUID) -> Notice:
    """The notice as it stands; NoResultFound when there is none."""
    return (await session.exec(select(Notice).where(Notice.id == notice_id))).one()


async def begin(session: AsyncSession, notice_id: uuid.UUID) -> bool:
    """Pass from *waiting* to *sending*; only who passes may send. False when somebody else did."""
    return await _move(session, notice_id, {NoticeState.WAITING}, {"state": NoticeState.SENDING})


async def finish(session: AsyncSession, notice_id: uuid.UUID, state: NoticeState, code: str, now: datetime) -> bool:
    """Keep what came of a try, and say so on the case's timeline.

    *Sent* is what the mail server said, so it also replaces an *unknown* that somebody else concluded meanwhile; any
    other end only closes what is still open. False when nothing was changed.
    """
    from_states = {NoticeState.WAITING, NoticeState.SENDING}
    values: dict[str, object] = {"state": state, "code": code}
    if state is NoticeState.SENT:
        from_states.add(NoticeState.UNKNOWN)
        values["sent_at"] = now
    if not await _move(session, notice_id, from_states, values):
        return False
    notice = await read(session, notice_id)
    told = Happened(name=event_name(notice, state.value), data={"occurrence": notice.occurrence, "code": code})
    await append(session, notice.case_id, now, told)
    return True


def event_name(notice: Notice, word: str) -> str:
    """What the timeline calls it: a question on its way is not the customer being told how things end."""
    return f"question.{word}" if notice.occurrence.startswith(QUESTION) else f"notice.{word}"


async def take_back(session: AsyncSession, notice: Notice, now: datetime) -> bool:
    """Let a notice that still waits never be sent, since what it says no longer holds; True when it was done now."""
    taken = await _move(session, notice.id, {NoticeState.WAITING}, {"state": NoticeState.WITHDRAWN})
    if taken:
        told = Happened(name="notice.withdrawn", data={"occurrence": notice.occurrence})
        await append(session, notice.case_id, now, told)
    return taken


async def _move(
    session: AsyncSession, notice_id: uuid.UUID, from_states: set[NoticeState], values: dict[str, object]
) -> bool:
    connection = await session.connection()
    moved = await connection.execute(
        update(Notice)
        .where(col(Notice.id) == notice_id, col(Notice.state).in_(from_states))
        .values(**values)
        .returning(col(Notice.id))
    )
    return moved.scalar_one_or_none() is not None
