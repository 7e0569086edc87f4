"""What a bulk action has sent and hears nothing of: asked again, given up, or found to be carried on by nobody."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records import events
from records.bulk_came import NO_ANSWER_YET, SILENT

SILENCE = timedelta(minutes=10)
"""A workflow that answers does so within seconds; one that was ended from outside is begun anew within much less."""
AT_ONCE = 20
"""So many are looked at in one step."""

_QUIET = text(
    """
    SELECT things.ordinal, things.workflow_id FROM bulk_items AS things
      JOIN work_items AS items ON items.id = things.item_id
     WHERE things.bulk_id = :bulk AND things.state = 'sent' AND things.at < :before AND items.updated_at < :before
     ORDER BY random() LIMIT :most
    """
)
_AGAIN = text(
    "SELECT ordinal FROM bulk_items WHERE bulk_id = :bulk AND state = 'sent' AND code = :code ORDER BY random() LIMIT 1"
)
_GIVE_UP = text(
    "UPDATE bulk_items SET state = :state, said = :said, code = :after, at = :now"
    " WHERE bulk_id = :bulk AND state = 'sent' AND code = :code AND at < :before"
)


async def quiet(session: AsyncSession, bulk_id: uuid.UUID, now: datetime) -> list[tuple[int, str]]:
    """Some of those that nothing was heard of for long, by ordinal and workflow: each in turn, however many."""
    values = {"bulk": bulk_id, "before": now - SILENCE, "most": AT_ONCE}
    return [(row[0], row[1]) for row in await (await session.connection()).execute(_QUIET, values)]


async def again(session: AsyncSession, bulk_id: uuid.UUID) -> tuple[int, ...]:
    """One that has not answered yet, to be asked again: one at a time, since each costs the others its patience."""
    values = {"bulk": bulk_id, "code": NO_ANSWER_YET}
    return tuple((await (await session.connection()).execute(_AGAIN, values)).scalars())


async def give_up(session: AsyncSession, bulk_id: uuid.UUID, now: datetime) -> int:
    """What has not answered for long is over; how many these are."""
    values = {"bulk": bulk_id, "code": NO_ANSWER_YET, "before": now - SILENCE, "now": now}
    ends = {"state": SILENT.fate.value, "said": SILENT.said, "after": SILENT.code}
    gone = (await (await session.connection()).execute(_GIVE_UP, values | ends)).rowcount
    if gone:
        await events.wake(session, f"bulk/{bulk_id}")
    return int(gone)
