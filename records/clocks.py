"""Clocks that an audit may make again: each kept clock against the one that its events alone tell of."""

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.clock import Clock, ClockError, Ticked, rebuild
from records.handoff import HandoffClock
from records.trail import Event

AT_ONCE = 500
"""Clocks whose events are read together."""


class Differs(BaseModel):
    """A clock that its events do not lead to, and how."""

    model_config = ConfigDict(frozen=True)

    handoff_id: uuid.UUID
    name: str
    how: str


class Checked(BaseModel):
    """How many clocks were made again, and those that differ."""

    model_config = ConfigDict(frozen=True)

    clocks: int
    differing: tuple[Differs, ...]


async def check(session: AsyncSession) -> Checked:
    """Make every clock again from the event log, and compare it whole."""
    clocks, after = 0, uuid.UUID(int=0)
    differing: list[Differs] = []
    while True:
        page = (
            await session.exec(
                select(HandoffClock).where(HandoffClock.id > after).order_by(col(HandoffClock.id)).limit(AT_ONCE)
            )
        ).all()
        if not page:
            return Checked(clocks=clocks, differing=tuple(differing))
        logs = await ticks(session, [row.case_id for row in page])
        for row in page:
            how = _how_it_differs(row, logs.get((str(row.handoff_id), row.name), []))
            if how:
                differing.append(Differs(handoff_id=row.handoff_id, name=row.name, how=how))
        clocks, after = clocks + len(page), page[-1].id


async def ticks(session: AsyncSession, cases: Sequence[uuid.UUID]) -> dict[tuple[str, str], list[Ticked]]:
    """The logs of these cases' clocks, by handoff and clock, in the order in which they were written."""
    found = await session.exec(
        select(Event).where(col(Event.case_id).in_(set(cases)), col(Event.name).like("clock.%")).order_by(col(Event.id))
    )
    logs: dict[tuple[str, str], list[Ticked]] = {}
    for event in found:
        data: dict[str, Any] = event.data
        logs.setdefault((data["handoff"], data["clock"]), []).append(Ticked.model_validate(data["tick"]))
    return logs


def _how_it_differs(row: HandoffClock, log: list[Ticked]) -> str:
    """What is wrong with a kept clock; "" when its events lead to exactly this one."""
    try:
        rebuilt = rebuild(log)
    except ClockError as trouble:
        return str(trouble)
    kept = Clock.model_validate(row.clock)
    if kept == rebuilt:
        return ""
    fields = [name for name in Clock.model_fields if getattr(kept, name) != getattr(rebuilt, name)]
    return f"kept and rebuilt differ in {', '.join(fields)}"
