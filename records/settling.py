"""Settling: where an item stands after a try that did not report, said once, past the reach of what is left of it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import State
from records import failures, items
from records.events import append
from records.items import ItemView
from records.work_item import WorkItem


async def settle(
    session: AsyncSession, item_id: uuid.UUID, fence: int, now: datetime, code: str = "worker_lost"
) -> ItemView:
    """Say where an item stands after an attempt that began at `fence` and did not report; `code` says why not.

    Bumps the fence, so that whatever is left of the attempt can write nothing, and maps *running* to *ready* and
    *submitting* to *unknown*; every other state stays. Called twice, the second call changes nothing.
    """
    item = (await session.exec(select(WorkItem).where(WorkItem.id == item_id).with_for_update())).one()
    if item.fence in (fence, fence + 1):
        mapped = {State.RUNNING: State.READY, State.SUBMITTING: State.UNKNOWN}.get(item.state, item.state)
        tale = await _end_attempt(session, item, code, now)
        changed = {"state": mapped, "fence": fence + 2, "lease_holder": None, "lease_until": None, "updated_at": now}
        if mapped is not item.state:
            changed["wait_since"] = now
            if mapped is State.UNKNOWN:
                changed |= {"doubts": item.doubts + 1, "wait_kind": "look"}
        was = item.state
        item.sqlmodel_update(changed)
        name = "item.lost" if tale else "item.settled"
        await append(session, item.case_id, now, items.told(name, item, was=was.value, state=mapped.value, **tale))
        await session.flush()
        await failures.follow(session, item, now, trouble=None, actor="baton", event=name)
    return await items.view(session, item_id)


_ENDED = {
    State.SUBMITTING: "unknown",
    State.UNKNOWN: "unknown",
    State.DONE: "done",
    State.WITH_PERSON: "done",
    State.REFUSED: "refused",
}
"""How an attempt ended that left its item so; in every other state it broke."""


async def _end_attempt(session: AsyncSession, item: WorkItem, code: str, now: datetime) -> dict[str, Any]:
    """End the attempt's row; of a job that died with its process: where, at which step, silent for how long."""
    lost = item.state in (State.RUNNING, State.SUBMITTING)
    ended = await (await session.connection()).execute(
        text(
            "UPDATE attempts SET ended_at = :now, outcome = :outcome, code = :code"
            " WHERE item_id = :item AND fence = :fence AND ended_at IS NULL"
            " RETURNING host, step, extract(epoch FROM clock_timestamp() - seen_at)"
        ),
        {
            "now": now,
            "outcome": _ENDED.get(item.state, "broken"),
            "code": code if lost else item.code,
            "item": item.id,
            "fence": item.fence,
        },
    )
    row = ended.one_or_none()
    if row is None or not lost or code != "worker_lost":
        return {}
    host, step, silent = row
    return {"host": host, "step": step, "silent": round(float(silent)) if silent is not None else None}
