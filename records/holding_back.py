"""Holding an entry back: its way is out, or its operation fails one after the other; it stands in line, untried."""

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records import failures, health, held_line, items, operation_holds
from records.events import append
from records.items import ItemView
from records.operation_holds import OperationHold
from systems.way import Way, WayState

_STAND = text(
    """
    UPDATE work_items SET held_behind = :hold, wait_since = :now, updated_at = :now
     WHERE id = :item AND fence = :fence AND state = 'ready' AND NOT through_hold
    RETURNING id
    """
)
_STAND_AGAIN = text(
    """
    UPDATE work_items SET held_behind = :hold, through_hold = false, wait_since = :now, updated_at = :now
     WHERE id = :item AND fence = :fence AND state = 'ready'
    """
)


async def hold_back(session: AsyncSession, item: ItemView, now: datetime) -> bool:
    """Whether the item may not be tried now: its way or its operation is held, or it has not been let go yet.

    The first time it stands in that line from then on; behind a group of failures as one more of them.
    """
    holds = await operation_holds.all_of(session, item, lock=True)
    if item.through_hold:
        return bool(holds) and await _shut_again(session, item, holds, now)
    if not holds:
        return await _in_a_line(session, item) or await _behind_its_record(session, item, now)
    if item.held_behind in {hold.id for hold in holds}:
        return True
    if await _stand(session, item, holds[0].id, now) and holds[0].group_id is not None:  # an outage is no failure
        await failures.hold_behind(session, item.id, holds[0].group_id, now)
    return True


async def overtakes(session: AsyncSession, item: ItemView) -> bool:
    """Whether an earlier entry of its record came to stand in a line while it waited for its seat.

    Whoever was let go has none before it.
    """
    return not item.through_hold and await _line_of_its_record(session, item) is not None


async def _shut_again(session: AsyncSession, item: ItemView, holds: list[OperationHold], now: datetime) -> bool:
    """Whether an item that was let go meets a way that is held after all: it stands in line again.

    Only the one that goes first knocks on such a way, and only as long as that is being tried; where its operation is
    held as well it stands behind that from now on, so that one of another operation may go first.
    """
    if holds[0].outage_id is None:
        return False
    health_of = await health.state_of(session, Way(item.system, item.environment, item.route))
    own = item.held_behind if item.held_behind in {hold.id for hold in holds} else holds[0].id
    if item.held_behind == holds[0].id and health_of is not None and health_of.state is WayState.TRYING:
        own = holds[-1].id
        if own == item.held_behind:
            return False
    asked = {"hold": own, "item": item.id, "fence": item.fence, "now": now}
    await (await session.connection()).execute(_STAND_AGAIN, asked)
    return True


async def _in_a_line(session: AsyncSession, item: ItemView) -> bool:
    """Whether it stands in a line that is still let go: nobody would wake it from one that is history."""
    hold = await session.get(OperationHold, item.held_behind) if item.held_behind is not None else None
    return hold is not None and hold.drained_at is None


async def _behind_its_record(session: AsyncSession, item: ItemView, now: datetime) -> bool:
    """Whether an earlier entry of the same record stands in a line: then it stands there too, behind that one."""
    line = await _line_of_its_record(session, item)
    return line is not None and await _stand(session, item, line, now)


async def _line_of_its_record(session: AsyncSession, item: ItemView) -> uuid.UUID | None:
    return await held_line.behind_its_record(session, item.id, item.system, item.environment, item.target_key)


async def _stand(session: AsyncSession, item: ItemView, hold_id: uuid.UUID, now: datetime) -> bool:
    """It stands in that line from now on; False when somebody has written it meanwhile."""
    asked = {"hold": hold_id, "item": item.id, "fence": item.fence, "now": now}
    stands = (await (await session.connection()).execute(_STAND, asked)).scalar_one_or_none() is not None
    if stands:
        await append(session, item.case_id, now, items.told("item.held_behind", item))
    return stands
