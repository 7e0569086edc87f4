"""Handoffs put straight into the records, as their workflow writes them: for routing, queues and the board."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from handoff.states import HandoffState
from records.case import Case
from records.database import Database
from records.handoff import Handoff, HandoffClock
from records.intake import hand_in
from tests.support.desk_cast import packet_of
from tests.support.journey import handed, report_of


async def stand(database: Database, now: datetime, order_no: str, **columns: Any) -> tuple[str, uuid.UUID]:
    """A handoff with these columns; its case's number, and its id. `tier`, `cause`, `customer_no` are the case's."""
    of_case: dict[str, Any] = {
        name: columns.pop(name) for name in ("tier", "cause", "customer_no", "outcome") if name in columns
    }
    async with database.session() as session:
        receipt = await hand_in(session, handed(report_of(order_no)), columns.get("offered_at", now))
        case = await session.get_one(Case, receipt.case_id)
        case.sqlmodel_update(of_case)
        plain = {
            "case_id": case.id,
            "queue": "service",
            "state": HandoffState.PICKED_UP if columns.get("picked_up_by") else HandoffState.OFFERED,
            "packet": packet_of(case.number, order_no, now).model_dump(mode="json"),
            "offered_at": now,
            "due_at": now + timedelta(days=1),
        }
        handoff = Handoff(**{**plain, **columns})
        session.add(handoff)
    return case.number, handoff.id


async def clock(database: Database, handoff_id: uuid.UUID, name: str = "acceptance", **columns: Any) -> None:
    """A clock of that handoff with these columns."""
    async with database.session() as session:
        handoff = await session.get_one(Handoff, handoff_id)
        plain: dict[str, Any] = {"state": "running", "started_at": handoff.offered_at, "clock": {}}
        of = {"handoff_id": handoff.id, "case_id": handoff.case_id, "name": name, "kind": name.partition("#")[0]}
        session.add(HandoffClock(**{**plain, **of, **columns}))
