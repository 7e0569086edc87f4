"""Writes of ours that a bulk action makes where no workflow has to be told: by their name, one thing each."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from records import failure_owner
from records.bulk_action import BulkItem


async def write(session: AsyncSession, thing: BulkItem, now: datetime) -> tuple[bool, str]:
    """Make one; whether it was made, and the sentence about it."""
    if thing.update == "assign" and thing.failure_id is not None:
        return await failure_owner.assign(session, thing.failure_id, thing.act["to"], thing.act["by_name"], now)
    return False, "Baton does not know how to do this; nothing was changed."
