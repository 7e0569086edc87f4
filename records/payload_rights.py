"""Whose payloads a person may read in the Temporal UI: by the journey of the workflow that they belong to."""

import uuid

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.handoff import Handoff
from records.people import Role
from records.work_item import WorkItem
from systems.journeys import BOOKING, BOT_TO_AGENT, FAILED_DELIVERY, PLAIN_ENTRY

_EVERY_JOURNEY = frozenset({Role.SUPERVISOR, Role.IT})
_BY_JOURNEY = {
    FAILED_DELIVERY: frozenset({Role.AGENT}),
    BOT_TO_AGENT: frozenset({Role.AGENT}),
    BOOKING: frozenset({Role.DISPATCHER}),
}


def may_read(role: Role, journey: str) -> bool:
    """Whether this role reads the payloads of this journey; of an unknown one, who reads every journey."""
    return role in _EVERY_JOURNEY or role in _BY_JOURNEY.get(journey, frozenset())


async def journey_of(session: AsyncSession, workflow_id: str) -> str:
    """The journey that this workflow works for; empty when that is not known."""
    kind, _, name = workflow_id.partition("/")
    if kind in _BY_JOURNEY or kind == PLAIN_ENTRY:
        return kind
    if kind not in ("item", "handoff"):
        return ""
    case_of = select(WorkItem.case_id).where(WorkItem.id == _id(name))
    if kind == "handoff":
        case_of = select(Handoff.case_id).where(Handoff.id == _id(name))
    return (await session.exec(select(Case.journey).where(col(Case.id).in_(case_of)))).one_or_none() or ""


def _id(name: str) -> uuid.UUID:
    """The id in a workflow's name; one that nothing has when it is none."""
    try:
        return uuid.UUID(name)
    except ValueError:
        return uuid.UUID(int=0)
