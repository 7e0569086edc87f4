"""A telling's way through the records: *sending* before its first byte leaves, what came of it, and its reading."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, tuple_
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.handoff import Handoff
from records.told import Told, ToldState, ring
from records.told_preference import Channel

AT_ONCE = 20
"""Tellings of one beat: so many are on their way together."""
DOUBT = timedelta(minutes=5)
"""One that is still *sending* after this lost its process: a try ends by itself much earlier."""
MANY = 100
"""Unread ones are counted up to here."""
OPEN = (ToldState.WAITING, ToldState.SENDING)


async def due(session: AsyncSession, now: datetime) -> Sequence[Told]:
    """What is to be sent, and what was being sent when its process died, the longest due first."""
    wanted = select(Told).where(col(Told.state).in_(OPEN), col(Told.due_at) <= now)
    return (await session.exec(wanted.order_by(col(Told.due_at)).limit(AT_ONCE))).all()


async def moot(session: AsyncSession, rows: Sequence[Told]) -> set[uuid.UUID]:
    """Those of `rows` whose case or handoff has ended since they were told."""
    ended = or_(col(Case.closed_at) > col(Told.created_at), col(Handoff.ended_at) > col(Told.created_at))
    found = await session.exec(
        select(Told.id)
        .outerjoin(Case, col(Case.id) == col(Told.case_id))
        .outerjoin(Handoff, col(Handoff.id) == col(Told.handoff_id))
        .where(col(Told.id).in_([row.id for row in rows]), ended)
    )
    return set(found)


async def begin(session: AsyncSession, told_id: uuid.UUID, channel: Channel, now: datetime) -> bool:
    """Pass from *waiting* to *sending*; only who passes may send. False when it was read, or somebody else passed."""
    values: dict[str, object] = {"state": ToldState.SENDING, "channel": channel.value, "due_at": now + DOUBT}
    return await _move(session, told_id, (ToldState.WAITING,), values)


async def settle(session: AsyncSession, told_id: uuid.UUID, state: ToldState, now: datetime, **values: object) -> None:
    """Keep how a try ended. *Sent* is what the server said, so it also replaces what was concluded meanwhile."""
    if state is ToldState.SENT:
        was: tuple[ToldState, ...] = (*OPEN, ToldState.UNKNOWN, ToldState.REFUSED)
        await _move(session, told_id, was, {"state": state, "sent_at": now, **values})
    else:
        await _move(session, told_id, OPEN, {"state": state, **values})


async def pass_over(session: AsyncSession, told_id: uuid.UUID, state: ToldState, **values: object) -> None:
    """It need not be sent at all; what is being sent meanwhile stays so."""
    await _move(session, told_id, (ToldState.WAITING,), {"state": state, **values})


async def postpone(session: AsyncSession, told_id: uuid.UUID, was: ToldState, until: datetime) -> None:
    """Nothing was sent: it waits until then. `was` is how its caller had it: another's try is left alone."""
    await _move(session, told_id, (was,), {"state": ToldState.WAITING, "due_at": until})


async def reconsider(session: AsyncSession, person: str, now: datetime) -> None:
    """This person's wishes changed: what waits is looked at again by the new ones."""
    waiting = update(Told).where(col(Told.person) == person, col(Told.state) == ToldState.WAITING)
    await (await session.connection()).execute(waiting.values(due_at=now))


async def unread(session: AsyncSession, person: str) -> int:
    """How many this person has not read; at most `MANY`."""
    some = select(Told.id).where(Told.person == person, col(Told.read_at).is_(None)).limit(MANY).subquery()
    return (await session.exec(select(func.count()).select_from(some))).one()


async def listed(session: AsyncSession, person: str, limit: int, before: uuid.UUID | None = None) -> Sequence[Told]:
    """What this person was told, the newest first; what comes after the one that is `before` when given."""
    wanted = select(Told).where(Told.person == person)
    last = await one_of(session, person, before) if before is not None else None
    if last is not None:
        wanted = wanted.where(tuple_(col(Told.created_at), col(Told.id)) < (last.created_at, last.id))
    newest = (col(Told.created_at).desc(), col(Told.id).desc())
    return (await session.exec(wanted.order_by(*newest).limit(limit))).all()


async def one_of(session: AsyncSession, person: str, told_id: uuid.UUID) -> Told | None:
    """One of this person's own; None for any other."""
    return (await session.exec(select(Told).where(Told.id == told_id, Told.person == person))).one_or_none()


async def read(session: AsyncSession, person: str, now: datetime, told_id: uuid.UUID | None = None) -> int:
    """They have read this one, or all; what still waited is not sent any more. How many were unread."""
    mine = [col(Told.person) == person, col(Told.read_at).is_(None)]
    if told_id is not None:
        mine.append(col(Told.id) == told_id)
    connection = await session.connection()
    await connection.execute(
        update(Told).where(*mine, col(Told.state) == ToldState.WAITING).values(state=ToldState.READ)
    )
    marked = (await connection.execute(update(Told).where(*mine).values(read_at=now))).rowcount
    if marked:
        await ring(session, person)
    return marked


async def _move(
    session: AsyncSession, told_id: uuid.UUID, from_states: tuple[ToldState, ...], values: dict[str, object]
) -> bool:
    moved = update(Told).where(col(Told.id) == told_id, col(Told.state).in_(from_states)).values(**values)
    return (await (await session.connection()).execute(moved.returning(col(Told.id)))).first() is not None


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove what was told before then, read or not, as long as nothing of it is on its way; how many rows."""
    old = select(Told.id).where(col(Told.created_at) < before, col(Told.state).not_in(OPEN))
    gone = delete(Told).where(col(Told.id).in_(old.order_by(col(Told.created_at)).limit(limit).scalar_subquery()))
    return len((await (await session.connection()).execute(gone.returning(col(Told.id)))).all())
