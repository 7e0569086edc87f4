"""Holding an entry back: its operation fails one after the other, so it stands in line and is not tried."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records import failures, items, operation_holds
from records.events import append
from records.items import ItemView

_STAND = text(
    """
    UPDATE work_items SET held_behind = :hold, wait_since = :now, updated_at = :now
     WHERE id = :item AND fence = :fence AND state = 'ready' AND NOT through_hold
    RETURNING id
    """
)


async def hold_back(session: AsyncSession, item: ItemView, now: datetime) -> bool:
    """Whether the item may not be tried now: its operation is held, or those before it have not been let go yet.

    The first time it stands behind that group of failures from then on, as one more of them.
    """
    if item.through_hold:
        return False
    hold = await operation_holds.standing(session, item, lock=True)
    if hold is None:
        return item.held_behind is not None
    if item.held_behind == hold.id:
        return True
    asked = {"hold": hold.id, "item": item.id, "fence": item.fence, "now": now}
    if (await (await session.connection()).execute(_STAND, asked)).scalar_one_or_none() is not None:
        await append(session, item.case_id, now, items.told("item.held_behind", item))
        await failures.hold_behind(session, item.id, hold.group_id, now)
    return True
