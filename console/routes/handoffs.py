"""Handoffs for programs: what waits at the desk, with everything that is passed along."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from console.access import Parts, SeesDesk
from handoff.packet import Packet
from handoff.states import HandoffState
from records import desk, queues
from records.desk import AtDesk, Wanted

api = APIRouter(prefix="/api/handoffs", tags=["desk"])


class HandoffAnswer(BaseModel):
    """A handoff as programs get it; `kind` bot is an entry that a bot could not finish, and `url` leads to the desk."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    kind: str
    channel: str
    url: str
    case_number: str
    case_url: str
    number: int
    queue: str
    state: HandoffState
    why: str
    offered_at: datetime
    due_at: datetime
    picked_up_by: str | None
    packet: Packet


class HandoffPage(BaseModel):
    """One page of handoffs; `next` is the value of `after` for the next page, or empty."""

    model_config = ConfigDict(frozen=True)

    handoffs: list[HandoffAnswer]
    next: str


@api.get("")
async def listing(
    parts: Parts,
    person: SeesDesk,
    *,
    state: HandoffState = HandoffState.OFFERED,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str, Query(max_length=120)] = "",
    queue: Annotated[str, Query(max_length=40)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
) -> HandoffPage:
    """Handoffs in one state, those due first in front."""
    wanted = Wanted(queue=queue, kind=kind, after=after)
    async with parts.database.session() as session:
        me = await queues.member(session, person.email, parts.clock())
        wanted = wanted.model_copy(update=queues.in_sight(person.role, me.agent.queues if me else ()))
        found = await desk.handoffs(session, state, size=limit + 1, wanted=wanted)
    more, found = len(found) > limit, found[:limit]
    base = parts.settings.console_url
    return HandoffPage(handoffs=[_answer(one, base) for one in found], next=wanted.key_of(found[-1]) if more else "")


def _answer(one: AtDesk, base: str) -> HandoffAnswer:
    handoff = one.handoff
    return HandoffAnswer(
        id=handoff.id,
        kind=handoff.kind,
        channel=handoff.channel,
        url=f"{base}{one.path}",
        case_number=one.case.number,
        case_url=f"{base}/cases/{one.case.number}",
        number=handoff.number,
        queue=handoff.queue,
        state=handoff.state,
        why=handoff.why,
        offered_at=handoff.offered_at,
        due_at=handoff.due_at,
        picked_up_by=handoff.picked_up_by,
        packet=one.packet,
    )
