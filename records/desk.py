"""The desk's queue: open handoffs with their cases, the most urgent first."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, literal, or_, tuple_
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


class Sort(StrEnum):
    """What comes first in a list of the desk."""

    DUE = "due"
    WAITED = "waited"


class Wanted(BaseModel):
    """Which handoffs, in which order; empty: every queue, every kind. `after` is the key of the last one seen."""

    model_config = ConfigDict(frozen=True)

    queue: str = ""
    kind: str = ""
    sort: Sort = Sort.DUE
    after: str = ""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """The queues to which somebody's right is bound, and those that are not theirs to see (`records/queues.py`)."""

    @property
    def narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.queue or self.kind)

    def query(self) -> dict[str, str]:
        """The filters that are set, as an address carries them."""
        said = {"queue": self.queue, "kind": self.kind, "sort": "" if self.sort is Sort.DUE else self.sort.value}
        return {name: value for name, value in said.items() if value}

    def where(self) -> list[ColumnElement[bool]]:
        """What its filters ask for."""
        named = ((Handoff.queue, self.queue), (Handoff.kind, self.kind))
        asked = [col(column) == value for column, value in named if value]
        bound = [col(Handoff.queue).in_(self.only)] if self.only else []
        return [*asked, *bound, *(col(Handoff.queue) != queue for queue in self.without)]

    def key_of(self, last: AtDesk) -> str:
        """The key of the page behind this handoff."""
        return f"{getattr(last.handoff, self._column.key).isoformat()}~{last.handoff.id}"

    def beyond(self) -> list[ColumnElement[bool]]:
        """What comes behind the key; a key that is none is taken for the first page."""
        moment, _, identity = self.after.partition("~")
        try:
            at, last = datetime.fromisoformat(moment), uuid.UUID(identity)
        except ValueError:
            return []
        return [tuple_(self._column, col(Handoff.id)) > tuple_(literal(at), literal(last))]

    @property
    def _column(self) -> Any:
        return col(Handoff.due_at if self.sort is Sort.DUE else Handoff.offered_at)

    def order(self) -> tuple[Any, Any]:
        """What to sort by."""
        return self._column, col(Handoff.id)


@dataclass(frozen=True)
class Queue:
    """The open handoffs as one person sees them: `given` are offered to them by name, `offered` is one page of the
    rest, `offered_in_all` counts every page of what this person may take: nobody else was offered it by name."""

    mine: list[AtDesk]
    given: list[AtDesk]
    offered: list[AtDesk]
    others: list[AtDesk]
    offered_in_all: int
    more: str
    """Key of the next page of offered ones; empty on the last."""


async def queue(session: AsyncSession, email: str, *, size: int, wanted: Wanted) -> Queue:
    """What is offered, what this person has, and what others have."""
    to_them = col(Handoff.assigned_to) == email
    free, held = _open(HandoffState.OFFERED), _open(HandoffState.PICKED_UP)
    waiting = (free, col(Handoff.assigned_to).is_distinct_from(email))
    offered = await _found(session, size + 1, wanted, *waiting, *wanted.beyond())
    nobodys = or_(col(Handoff.assigned_to).is_(None), to_them)  # what is offered to somebody else waits for them
    counting = select(func.count()).select_from(Handoff).where(free, nobodys, *wanted.where())
    more, offered = len(offered) > size, offered[:size]
    return Queue(
        mine=await _found(session, size, wanted, held, col(Handoff.picked_up_by) == email),
        given=await _found(session, size, wanted, free, to_them),
        offered=offered,
        others=await _found(session, size, wanted, held, col(Handoff.picked_up_by) != email),
        offered_in_all=(await session.exec(counting)).one(),
        more=wanted.key_of(offered[-1]) if more else "",
    )


async def handoffs(session: AsyncSession, state: HandoffState, *, size: int, wanted: Wanted) -> list[AtDesk]:
    """Handoffs in one state."""
    return await _found(session, size, wanted, col(Handoff.state) == state, *wanted.beyond())


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


async def _found(session: AsyncSession, size: int, wanted: Wanted, *which: ColumnElement[bool]) -> list[AtDesk]:
    asked = (
        select(Handoff, Case)
        .join(Case, col(Case.id) == col(Handoff.case_id))
        .where(*which, *wanted.where())
        .order_by(*wanted.order())
        .limit(size)
    )
    return [AtDesk(handoff, case) for handoff, case in await session.exec(asked)]
