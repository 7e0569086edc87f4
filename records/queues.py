"""Queues, who works on them with which skills and how much at a time, and whether they are there."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.skill_rules import SkillRule
from records import told_preference
from records.access import Action, Person, audit, may
from records.base import choice, document, maybe_moment, moment
from records.people import Role, User
from records.told_preference import ToldPreference

CAPACITY = 5
"""How many handoffs somebody has at a time, until a supervisor says otherwise."""
ACCEPT_MINUTES = 15
"""How long one person has to pick up what was pushed to them before it goes to the next."""


class Mode(StrEnum):
    """People take the next case themselves, or each case is given to somebody."""

    PULL = "pull"
    PUSH = "push"


class Queue(SQLModel, table=True):
    """A queue that somebody set up, or changed; `leads` are the e-mail addresses of who hears when it goes wrong."""

    __tablename__ = "queues"

    name: str = Field(primary_key=True)
    title: str
    mode: Mode = choice(Mode)
    accept_minutes: int = ACCEPT_MINUTES
    skill_rules: list[dict[str, str]] = document()
    leads: list[str] = document()
    updated_at: datetime = moment()

    def rules(self) -> tuple[SkillRule, ...]:
        """By which rules a case asks for a skill."""
        return tuple(SkillRule.model_validate(rule) for rule in self.skill_rules)


class Agent(SQLModel, table=True):
    """How somebody works: their queues, skills and capacity, and since when they are there or away."""

    __tablename__ = "agents"

    user_id: uuid.UUID = Field(foreign_key="users.id", primary_key=True)
    queues: list[str] = document()
    skills: list[str] = document()
    capacity: int = CAPACITY
    available_since: datetime | None = maybe_moment()
    away_since: datetime | None = maybe_moment()
    away_until: datetime | None = maybe_moment()
    away_reason: str = ""
    updated_at: datetime = moment()

    def away(self, now: datetime) -> str:
        """Why they are away, as in "in a meeting"; empty while they are there."""
        gone = self.away_since is not None and (self.away_until is None or self.away_until > now)
        return (self.away_reason or "away") if gone else ""


SHIPPED: Mapping[str, str] = {
    "service": "Service",
    "bot": "Bot failures",
    "dispatch": "Dispatch",
    "mail-unmatched": "Unmatched mail",
}
"""Queues that are there without anybody setting them up, all of them pulled from."""
DISPATCH = "dispatch"
BY_ROLE: Mapping[str, tuple[str, ...]] = {
    Role.AGENT: ("service", "bot"),
    Role.SUPERVISOR: ("service", "bot"),
    Role.DISPATCHER: (DISPATCH,),
}
"""On which queues somebody works until a supervisor says otherwise."""


class Member(BaseModel):
    """Somebody who can take handoffs, as they work now; `off_shift` by their own hours."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    user_id: uuid.UUID
    email: str
    name: str
    role: Role
    agent: Agent
    off_shift: bool = False
    set_up: bool = True
    """Whether a supervisor, or they themselves, ever changed how they work."""

    def away(self, now: datetime) -> str:
        """Why they take nothing now; empty while they do."""
        return self.agent.away(now) or ("off shift" if self.off_shift else "")


async def queues(session: AsyncSession, now: datetime) -> dict[str, Queue]:
    """Every queue by its name: those that are shipped first, then those that were set up."""
    kept = {queue.name: queue for queue in await session.exec(select(Queue).order_by(Queue.name))}
    return {**{name: shipped(name, now) for name in SHIPPED}, **kept}


async def known(session: AsyncSession, name: str) -> bool:
    """Whether there is a queue of that name."""
    return name in SHIPPED or await session.get(Queue, name) is not None


def shipped(name: str, now: datetime) -> Queue:
    """A queue that nobody set up."""
    title = SHIPPED.get(name, name.replace("-", " ").capitalize())
    return Queue(name=name, title=title, mode=Mode.PULL, skill_rules=[], leads=[], updated_at=now)


async def members(session: AsyncSession, now: datetime) -> list[Member]:
    """Everybody who may pick a case up, by name, with how they work."""
    roles = [role for role in Role if may(role, Action.PICK_UP)]
    asked = select(User).where(col(User.disabled_at).is_(None), col(User.role).in_(roles)).order_by(User.name)
    users = (await session.exec(asked)).all()
    rows = {row.user_id: row for row in await session.exec(select(Agent))}
    shifts = await told_preference.of(session, {user.email for user in users}, now)
    return [_member(user, rows.get(user.id), shifts[user.email], now) for user in users]


async def member(session: AsyncSession, email: str, now: datetime) -> Member | None:
    """How this person works; None for somebody who takes no handoffs."""
    return next((one for one in await members(session, now) if one.email == email), None)


async def within_reach(session: AsyncSession, user: User, queue: str) -> bool:
    """Whether this person may take what lies in the queue.

    Dispatch is a trade of its own: its queue is for those who work on it, and dispatchers take from no other.
    """
    if user.role is Role.SUPERVISOR or DISPATCH not in (queue, BY_ROLE.get(user.role, ("",))[0]):
        return True
    agent = await session.get(Agent, user.id)
    return queue in (agent.queues if agent is not None else BY_ROLE.get(user.role, ()))


def in_sight(role: Role, own: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which queues somebody who works on `own` sees at the desk, as `only` and `without`; dispatch is for its own."""
    if role is Role.DISPATCHER:
        return {"only": tuple(own) or (DISPATCH,)}
    return {"without": (DISPATCH,)} if role is Role.AGENT and DISPATCH not in own else {}


async def leads(session: AsyncSession, queue: str) -> list[str]:
    """The e-mail addresses of who leads a queue; where none is named, every supervisor's."""
    kept = await session.get(Queue, queue)
    asked = select(User.email).where(col(User.disabled_at).is_(None)).order_by(User.email)
    named = col(User.email).in_(kept.leads) if kept is not None and kept.leads else col(User.role) == Role.SUPERVISOR
    return list(await session.exec(asked.where(named)))


async def keep_queue(session: AsyncSession, name: str, wanted: dict[str, Any], now: datetime, by: Person) -> None:
    """Set a queue up, or change it; both values of what changed are noted."""
    kept = await session.get(Queue, name, with_for_update=True)
    was, queue = kept, kept or shipped(name, now)
    changed = {key: value for key, value in wanted.items() if was is None or getattr(queue, key) != value}
    before = {key: getattr(queue, key) for key in changed} if was is not None else {}
    queue.sqlmodel_update({**wanted, "updated_at": now})
    session.add(queue)
    if changed:
        audit(session, now, by.email, "queue.changed" if was else "queue.set_up", name, was=before, becomes=changed)


async def keep_agent(session: AsyncSession, user_id: uuid.UUID, wanted: dict[str, Any], now: datetime, by: str) -> None:
    """Change how somebody works, or whether they are there; both values of what changed are noted."""
    user = await session.get_one(User, user_id)
    agent = await session.get(Agent, user_id, with_for_update=True) or _unset(user, now)
    changed = {key: value for key, value in wanted.items() if getattr(agent, key) != value}
    before = {key: _plain(getattr(agent, key)) for key in changed}
    agent.sqlmodel_update({**wanted, "updated_at": now})
    session.add(agent)
    if changed:
        after = {key: _plain(value) for key, value in changed.items()}
        audit(session, now, by, "agent.changed", user.email, was=before, becomes=after)


def _member(user: User, agent: Agent | None, shift: ToldPreference, now: datetime) -> Member:
    return Member(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        agent=agent or _unset(user, now),
        off_shift=shift.on_shift(now) > now,
        set_up=agent is not None,
    )


def _unset(user: User, now: datetime) -> Agent:
    """How somebody works whom nobody set up."""
    return Agent(user_id=user.id, queues=list(BY_ROLE.get(user.role, ())), skills=[], updated_at=now)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
