"""A person's lease on a work item: who keys it by hand, until when by the database's clock."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import NEEDS_PERSON, State

HOLD_MINUTES = 30
"""How long an entry stays with the person who took it over; whatever they do with it begins it anew."""


class Holder(BaseModel):
    """Who has an item, until when."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    name: str
    until: datetime


_UNTIL = f"clock_timestamp() + make_interval(mins => {HOLD_MINUTES})"
_RENEW = text(
    f"""
    UPDATE work_items SET held_until = {_UNTIL}
     WHERE id = :item AND held_by = :by AND held_until > clock_timestamp()
    """  # noqa: S608  (no value of anybody is in it)
)
_HOLDERS = text(
    """
    SELECT work_items.id, users.id, users.name, held_until FROM work_items JOIN users ON users.id = held_by
     WHERE work_items.id = ANY(:items) AND held_until > clock_timestamp()
    """
)

_TAKE = text(
    f"""
    UPDATE work_items SET held_by = users.id, held_until = {_UNTIL} FROM users
     WHERE work_items.id = :item AND users.email = :email AND work_items.state = ANY(:states)
       AND (held_by IS NULL OR held_by = users.id OR held_until <= clock_timestamp())
    """  # noqa: S608  (no value of anybody is in it)
)
_LET_GO = text(
    """
    UPDATE work_items SET held_by = NULL, held_until = NULL FROM users
     WHERE work_items.id = :item AND users.email = :email AND held_by = users.id
    """
)


async def holders(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Holder]:
    """Who has which of these items at this moment."""
    rows = await (await session.connection()).execute(_HOLDERS, {"items": list(item_ids)})
    return {row[0]: Holder(id=row[1], name=row[2], until=row[3]) for row in rows}


def change(by: uuid.UUID | None, to: State) -> dict[str, Any]:
    """The columns of an item that `by` has from now on, or that nobody can have in its new state."""
    if by is not None:
        return {"held_by": by, "held_until": text(_UNTIL)}
    return {} if to in NEEDS_PERSON else {"held_by": None, "held_until": None}


async def renewed(session: AsyncSession, item_id: uuid.UUID, by: uuid.UUID) -> Holder | None:
    """Who has the item; the hold of whoever acts (`by`) begins anew."""
    connection = await session.connection()
    await connection.execute(_RENEW, {"item": item_id, "by": by})
    return (await holders(session, [item_id])).get(item_id)


async def follow(session: AsyncSession, item_id: uuid.UUID, *, had: str | None, has: str | None) -> None:
    """The handoff about this item has passed from one person to another (e-mail addresses), or to nobody.

    Whoever took the item over by its own way meanwhile keeps it, and its handoff will hear of that.
    """
    connection = await session.connection()
    if had is not None and had != has:
        await connection.execute(_LET_GO, {"item": item_id, "email": had})
    if has is not None:
        states = [state.value for state in NEEDS_PERSON]
        await connection.execute(_TAKE, {"item": item_id, "email": has, "states": states})
