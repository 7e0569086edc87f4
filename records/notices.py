"""A mail's way through the records: *sending* before the first byte of it leaves, then what came of it."""

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.events import Happened, append
from records.notice import Notice, NoticeState

QUESTION = "question/"
"""How the occurrence of a mail begins that asks somebody something."""
OUTAGE = "outage/"
"""How the occurrence of a mail begins that a system which is out is the reason of."""
OF_OUTAGES = text("notices.occurrence LIKE 'outage/%'")
"""Just as the index of these mails has it, or it is not used."""


async def read(session: AsyncSession, notice_id: uuid.UUID) -> Notice:
    """The notice as it stands; NoResultFound when there is none."""
    return (await session.exec(select(Notice).where(Notice.id == notice_id))).one()


async def begin(session: AsyncSession, notice_id: uuid.UUID) -> bool:
    """Pass from *waiting* to *sending*; only who passes may send. False when somebody else did."""
    tries = col(Notice.tries) + 1
    return await _move(session, notice_id, {NoticeState.WAITING}, {"state": NoticeState.SENDING, "tries": tries})


async def hold(session: AsyncSession, notice_id: uuid.UUID, now: datetime) -> None:
    """The mail server is away: nothing was sent, and it waits. The first time of it stands on the timeline."""
    notice = (await session.exec(select(Notice).where(Notice.id == notice_id).with_for_update())).one()
    notice.tries += 1
    if notice.held_at is None:
        notice.held_at = now
        held = Happened(name=event_name(notice, "held"), data={"occurrence": notice.occurrence})
        await append(session, notice.case_id, now, held)


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
    """What the timeline calls it: a question, or word of an outage, is not the customer being told how things end."""
    kinds = {QUESTION: "question", OUTAGE: "outage_mail"}
    found = next((kind for start, kind in kinds.items() if notice.occurrence.startswith(start)), "notice")
    return f"{found}.{word}"


async def take_back(session: AsyncSession, notice: Notice, now: datetime) -> bool:
    """Let a notice that still waits never be sent, since what it says no longer holds; True when it was done now."""
    taken = await _move(session, notice.id, {NoticeState.WAITING}, {"state": NoticeState.WITHDRAWN})
    if taken:
        told = Happened(name=event_name(notice, "withdrawn"), data={"occurrence": notice.occurrence})
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
