"""What a handoff's workflow asks of the records: keep a write, choose a policy, see whether its holder is there."""

import uuid
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict
from sqlmodel import select
from temporalio import activity

from core.faults import Refused
from handoff.policy import Policies, Policy, PolicyRefused, shipped
from records import handoff_book, late_runs, looking_back, standing_again
from records.database import Database
from records.events import Happened
from records.handoff import Handoff, QuestionState
from records.handoff_book import HandoffWrite
from records.people import User
from records.questions import QuestionAsked, QuestionClosed
from records.told import Tell

log = structlog.get_logger(__name__)

__all__ = ["HandoffWrite", "Handoffs", "Happened", "QuestionAsked", "QuestionClosed", "QuestionState", "Tell"]


class PolicyAsked(BaseModel):
    """What a handoff's policy is chosen by."""

    model_config = ConfigDict(frozen=True)

    queue: str
    channel: str = ""
    persona: str = ""
    tier: str = ""


class SeenAsked(BaseModel):
    """Whose sign of life on which handoff."""

    model_config = ConfigDict(frozen=True)

    handoff_id: uuid.UUID
    email: str


class Seen(BaseModel):
    """When the person last had the workbench open; None when they never had."""

    model_config = ConfigDict(frozen=True)

    at: datetime | None = None


class Abandon(BaseModel):
    """A handoff whose workflow was ended from outside Baton."""

    model_config = ConfigDict(frozen=True)

    handoff_id: uuid.UUID
    at: datetime


class StandsAsked(BaseModel):
    """A handoff that another run of its workflow takes up, and what its policy is chosen by."""

    model_config = ConfigDict(frozen=True)

    handoff_id: uuid.UUID
    policy: PolicyAsked
    at: datetime


class Stands(BaseModel):
    """How it stands (workflows/handoff_standing.py), and how it ended, once it has."""

    model_config = ConfigDict(frozen=True)

    standing: dict[str, Any]
    end: dict[str, Any] | None = None


class ColleagueAsked(BaseModel):
    """Somebody of the house, by e-mail, who is to get a case or a question."""

    model_config = ConfigDict(frozen=True)

    email: str


class Colleague(BaseModel):
    """Who that is."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    email: str
    name: str
    role: str


class NotAColleague(Refused):
    """There is nobody with that address who can take it."""

    code = "not_a_colleague"


class Handoffs:
    """Bookkeeping of handoffs; every method is a local activity, short and repeatable.

    `policies` names the operator's file, read at each choice, so that a change counts from the next handoff on.
    """

    def __init__(self, database: Database, console_url: str, policies: Path | None = None) -> None:
        self._database = database
        self._console_url = console_url
        self._policies = policies

    @activity.defn(name="keep_handoff")
    async def keep(self, write: HandoffWrite) -> bool:
        """Commit one write; False when this or a later write of the handoff is there already."""
        return await late_runs.kept(self._database, write, partial(handoff_book.apply, console_url=self._console_url))

    @activity.defn(name="choose_policy")
    async def choose_policy(self, asked: PolicyAsked) -> Policy:
        """The policy that counts for such a handoff from now on.

        A file that cannot be used stops no case: the shipped policies count meanwhile, and `baton check` says why.
        """
        return self._current().choose(**asked.model_dump())

    @activity.defn(name="handoff_stands")
    async def stands(self, asked: StandsAsked) -> Stands:
        """How a handoff stands for a run that takes it up; its clocks keep the targets that they began with."""
        policy = self._current().choose(**asked.policy.model_dump())
        async with self._database.session() as session:
            row = await session.get_one(Handoff, asked.handoff_id)
            found = await standing_again.standing(session, row, asked.at)
            ended = await looking_back.end(session, row)
        return Stands(standing={**found, "policy": policy.model_dump(mode="json")}, end=ended)

    def _current(self) -> Policies:
        if self._policies is None or not self._policies.exists():
            return shipped()
        try:
            return Policies.read(self._policies.read_text(encoding="utf-8"))
        except (PolicyRefused, OSError) as trouble:
            log.warning("policies.refused", file=str(self._policies), reason=str(trouble))
            return shipped()

    @activity.defn(name="seen_at_desk")
    async def seen(self, asked: SeenAsked) -> Seen:
        """The holder's last sign of life, which the console notes without asking the workflow."""
        async with self._database.session() as session:
            return Seen(at=await handoff_book.last_seen(session, asked.handoff_id, asked.email))

    @activity.defn(name="find_colleague")
    async def colleague(self, asked: ColleagueAsked) -> Colleague:
        """Who can take a case under that address; NotAColleague when nobody can."""
        async with self._database.session() as session:
            found = select(User).where(User.email == asked.email.strip().lower())
            user = (await session.exec(found)).one_or_none()
        if user is None or user.disabled_at is not None:
            raise NotAColleague
        return Colleague(id=user.id, email=user.email, name=user.name, role=user.role.value)

    @activity.defn(name="abandon_handoff")
    async def abandon(self, lost: Abandon) -> None:
        """Close the record of a handoff that nothing carries any more; its clocks end with it."""
        async with self._database.session() as session:
            await handoff_book.abandon(session, lost.handoff_id, lost.at)
