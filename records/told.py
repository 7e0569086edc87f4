"""People of the house are told once: one row per person and occurrence, written with the change that it tells of."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import ColumnElement, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import events, queues, told_preference
from records.base import choice, maybe_moment, moment
from records.people import Role, User
from records.told_preference import Channel, ToldPreference


class ToldState(StrEnum):
    """How far the telling has come; an unknown one may have arrived and is never sent again blindly."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    READ = "read"
    MOOT = "moot"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Told(SQLModel, table=True):
    """What one person is told of one occurrence.

    `due_at` is when something is to be done next: sent while it waits, doubted while it is being sent. `channel` is
    decided when it is sent. `read_at` is when the person saw it on the page, whatever else it went by.
    """

    __tablename__ = "told"
    __table_args__ = (
        UniqueConstraint("person", "occurrence", name="uq_told_once"),
        Index("ix_told_unread", "person", postgresql_where=text("read_at IS NULL")),
        Index("ix_told_listed", "person", "created_at"),
        Index("ix_told_created", "created_at"),
        Index("ix_told_due", "due_at", postgresql_where=text("state IN ('waiting', 'sending')")),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    person: str
    occurrence: str
    kind: str
    text: str
    path: str
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    handoff_id: uuid.UUID | None = Field(default=None, foreign_key="handoffs.id", index=True)
    state: ToldState = choice(ToldState)
    channel: str = ""
    code: str = ""
    created_at: datetime = moment()
    due_at: datetime = moment()
    sent_at: datetime | None = maybe_moment()
    read_at: datetime | None = maybe_moment()


class Tell(BaseModel):
    """What to tell whom. `to` is "person:<e-mail>", "lead:<queue>" for who leads that queue, or "role:<role>".

    `occurrence` names what happened, so that it is told once; `path` is the page to open, from its first slash on.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    occurrence: str
    to: Annotated[str, StringConstraints(pattern=r"^(person|role|lead):")]
    text: str
    path: str
    case_id: uuid.UUID | None = None
    handoff_id: uuid.UUID | None = None


async def tell(session: AsyncSession, at: datetime, *tells: Tell) -> None:
    """Tell people, in the transaction of the change; an occurrence that a person was told of already is passed over.

    Who is not known here, or disabled, is not told.
    """
    pairs = [(person, one) for one in tells for person in await _people(session, one.to)]
    wishes = await told_preference.of(session, {person for person, _ in pairs}, at)
    fresh: set[str] = set()
    for person, one in pairs:
        if await _keep(session, _row(person, one, wishes[person], at)):
            fresh.add(person)
    for person in sorted(fresh):
        await ring(session, person)


async def ring(session: AsyncSession, person: str) -> None:
    """Wake this person's open pages."""
    await events.wake(session, bell(person))


def bell(person: str) -> str:
    """What the live pages of this person listen for."""
    return f"told/{person}"


async def _people(session: AsyncSession, to: str) -> list[str]:
    whom, _, name = to.partition(":")
    if whom == "person":
        return await _enabled(session, col(User.email) == name.strip().lower())
    if whom == "role":
        return await _enabled(session, col(User.role).in_([role for role in Role if role.value == name]))
    named = await queues.leads(session, name)
    return named or await _enabled(session, col(User.role) == Role.SUPERVISOR)


async def _enabled(session: AsyncSession, who: ColumnElement[bool]) -> list[str]:
    return list(await session.exec(select(User.email).where(who, col(User.disabled_at).is_(None))))


def _row(person: str, one: Tell, wishes: ToldPreference, at: datetime) -> Told:
    """What nobody wants to hear of is kept as read: it stands on the page and rings nowhere."""
    silent = wishes.channel(one.kind) is Channel.NONE
    return Told(
        person=person,
        state=ToldState.READ if silent else ToldState.WAITING,
        channel=Channel.NONE.value if silent else "",
        created_at=at,
        due_at=wishes.on_shift(at),
        read_at=at if silent else None,
        **one.model_dump(exclude={"to"}),
    )


async def _keep(session: AsyncSession, row: Told) -> bool:
    statement = insert(Told).values(**row.model_dump()).on_conflict_do_nothing(constraint="uq_told_once")
    return (await (await session.connection()).execute(statement.returning(col(Told.id)))).first() is not None
