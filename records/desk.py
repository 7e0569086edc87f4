"""The desk's queue: open handoffs with their cases, the most urgent first."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.packet import Packet
from handoff.states import HandoffState
from records.case import Case
from records.handoff import Handoff
from records.stuck import BOT
from records.trail import Event


@dataclass(frozen=True)
class PutBack:
    """The word of whoever put a case back, for whoever takes it next."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class AtDesk:
    """A handoff and the case it is about."""

    handoff: Handoff
    case: Case
    put_back: PutBack | None = None

    @property
    def packet(self) -> Packet:
        """What is passed along."""
        return Packet.model_validate(self.handoff.packet)

    @property
    def path(self) -> str:
        """Where it is on the desk: a case by its number, an entry that a bot passed on by its own address."""
        return f"/desk/handoffs/{self.handoff.id}" if self.handoff.kind == BOT else f"/desk/{self.case.number}"


@dataclass(frozen=True)
class Queue:
    """The open handoffs as one person sees them; `offered` is one page, `offered_in_all` counts every page."""

    mine: list[AtDesk]
    offered: list[AtDesk]
    others: list[AtDesk]
    offered_in_all: int
    more: str
    """Key of the next page of offered ones; empty on the last."""


async def queue(session: AsyncSession, email: str, *, size: int, after: str = "") -> Queue:
    """What is offered, what this person has, and what others have."""
    offered = await handoffs(session, HandoffState.OFFERED, size=size + 1, after=after)
    held = _open(HandoffState.PICKED_UP)
    counting = select(func.count()).select_from(Handoff).where(_open(HandoffState.OFFERED))
    more, offered = len(offered) > size, offered[:size]
    return Queue(
        mine=await _found(session, size, held, col(Handoff.picked_up_by) == email),
        offered=offered,
        others=await _found(session, size, held, col(Handoff.picked_up_by) != email),
        offered_in_all=(await session.exec(counting)).one(),
        more=key_of(offered[-1]) if more else "",
    )


async def handoffs(session: AsyncSession, state: HandoffState, *, size: int, after: str = "") -> list[AtDesk]:
    """Handoffs in one state, those due first in front; `after` is the key of the last one seen."""
    return await _found(session, size, col(Handoff.state) == state, *_beyond(after))


async def newest(session: AsyncSession, case_number: str) -> AtDesk | None:
    """The handoff that this case's number means: an open one before those that have ended, the newest of them.

    An entry that a bot passed on has one beside its case's; it comes behind.
    """
    still_open, own = col(Handoff.ended_at).is_(None), col(Handoff.kind) != BOT
    foremost = (still_open.desc(), own.desc(), col(Handoff.offered_at).desc(), col(Handoff.number).desc())
    return await _one(session, col(Case.number) == case_number, *foremost)


async def exact(session: AsyncSession, handoff_id: uuid.UUID) -> AtDesk | None:
    """This very handoff."""
    return await _one(session, col(Handoff.id) == handoff_id)


async def _one(session: AsyncSession, wanted: ColumnElement[bool], *foremost: ColumnElement[Any]) -> AtDesk | None:
    joined = select(Handoff, Case).join(Case, col(Case.id) == col(Handoff.case_id))
    found = (await session.exec(joined.where(wanted).order_by(*foremost).limit(1))).one_or_none()
    if found is None:
        return None
    handoff, case = found
    return AtDesk(handoff, case, await _put_back(session, handoff))


async def _put_back(session: AsyncSession, handoff: Handoff) -> PutBack | None:
    released = (
        select(Event)
        .where(Event.case_id == handoff.case_id, Event.name == "handoff.released", Event.at >= handoff.offered_at)
        .where(func.coalesce(col(Event.data)["handoff"].astext, str(handoff.id)) == str(handoff.id))
        .order_by(col(Event.id).desc())
        .limit(1)
    )
    event = (await session.exec(released)).one_or_none()
    if event is None or not event.data.get("reason"):
        return None
    return PutBack(by=event.actor, at=event.at, reason=event.data["reason"])


def _open(state: HandoffState) -> ColumnElement[bool]:
    return col(Handoff.state) == state


async def _found(session: AsyncSession, size: int, *wanted: ColumnElement[bool]) -> list[AtDesk]:
    asked = (
        select(Handoff, Case)
        .join(Case, col(Case.id) == col(Handoff.case_id))
        .where(*wanted)
        .order_by(col(Handoff.due_at), col(Handoff.id))
        .limit(size)
    )
    return [AtDesk(handoff, case) for handoff, case in await session.exec(asked)]


def key_of(last: AtDesk) -> str:
    """The key of the page behind this handoff."""
    return f"{last.handoff.due_at.isoformat()}~{last.handoff.id}"


def _beyond(after: str) -> list[ColumnElement[bool]]:
    """What comes behind the key; a key that is none is taken for the first page."""
    moment, _, identity = after.partition("~")
    try:
        at, last = datetime.fromisoformat(moment), uuid.UUID(identity)
    except ValueError:
        return []
    return [tuple_(col(Handoff.due_at), col(Handoff.id)) > tuple_(literal(at), literal(last))]
