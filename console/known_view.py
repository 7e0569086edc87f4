"""What was last read of a record, beside what was passed along: its age, what changed since, when it is read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.lookups import LookUp
from records import health, last_known
from records.last_known import LastKnown, Record
from systems.registry import SYSTEMS
from systems.way import SHUT, Way


@dataclass(frozen=True)
class Known:
    """A record as it was last read; `held`: its system cannot be read now."""

    system: str
    read_at: datetime
    held: bool
    fields: Mapping[str, Any]


async def of(session: AsyncSession, look_up: LookUp, key: str) -> LastKnown | None:
    """What is known of the record that would be looked up by this key."""
    return await last_known.find(session, Record(system=look_up.system, what=look_up.what, key=key))


async def held(session: AsyncSession, system: str) -> bool:
    """Whether nothing is read there by the usual way now."""
    state = await health.state_of(session, Way(system, route=SYSTEMS[system].route))
    return state is not None and state.state in SHUT


async def beside(session: AsyncSession, look_up: LookUp, key: str) -> Known | None:
    """What was last read of a record of which values were passed along: whatever is otherwise has changed since."""
    found = await of(session, look_up, key)
    if found is None:
        return None
    out = await held(session, look_up.system)
    return Known(SYSTEMS[look_up.system].title, found.read_at, held=out, fields=found.fields)
