"""What an outage hits: cases that wait for the system, their handoffs, and the customers behind them."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records.health import Outage
from systems.registry import SYSTEMS

ONCE_IN = timedelta(hours=24)
"""A customer who was told of one outage is told of no other one for so long."""
AT_ONCE = 500
"""Handoffs and customers that one beat tells; the next beat goes on."""

WAITING = """
    SELECT case_id AS id FROM work_items
     WHERE system = :system AND environment = :environment AND case_id IS NOT NULL AND ended_at IS NULL
       AND (held_behind = :hold AND NOT through_hold
            OR route = :route AND (state = 'unknown' OR wait_kind = 'held_system'))
    UNION
    SELECT id FROM cases
     WHERE closed_at IS NULL AND wait_kind = 'held_system' AND wait_about = :title AND :environment = 'production'
"""
"""The ids of the cases that wait for an outage: for an entry that is held or in doubt, or to read something."""
_HANDOFFS = text(
    f"""
    SELECT handoffs.id, handoffs.case_id, cases.journey, handoffs.kind = 'bot' AS of_entry
      FROM handoffs JOIN cases ON cases.id = handoffs.case_id
     WHERE handoffs.ended_at IS NULL
       AND CASE WHEN handoffs.kind = 'bot' THEN handoffs.packet -> 'entry' ->> 'system' = :system
                ELSE handoffs.case_id IN ({WAITING}) END
    """  # noqa: S608  (no value is in it)
)
_CUSTOMERS = text(
    f"""
    SELECT cases.id, cases.number, cases.journey, cases.order_no, cases.customer_name,
           passed.customer, submissions.content, last_known.fields
      FROM cases
      LEFT JOIN LATERAL (SELECT packet -> 'customer' AS customer FROM handoffs WHERE handoffs.case_id = cases.id
                          ORDER BY offered_at DESC LIMIT 1) AS passed ON true
      LEFT JOIN LATERAL (SELECT content FROM submissions WHERE submissions.case_id = cases.id
                          ORDER BY received_at DESC LIMIT 1) AS submissions ON true
      LEFT JOIN last_known ON last_known.system = 'orderdesk' AND last_known.environment = 'production'
                          AND last_known.what = 'order' AND last_known.key = cases.order_no
     WHERE cases.id IN ({WAITING}) AND cases.closed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM notices
                        WHERE notices.case_id = cases.id AND occurrence LIKE 'outage/%'
                          AND state <> 'withdrawn' AND notices.created_at > :since)
       AND (CAST(:journeys AS text[]) IS NULL OR
            cases.journey = ANY(:journeys)
            AND coalesce(nullif(passed.customer ->> 'contact_preference', ''),
                         nullif(content ->> 'contact_preference', ''), 'mail') = 'mail'
            AND coalesce(passed.customer ->> 'email', '') || coalesce(content ->> 'email', '')
                || coalesce(fields ->> 'email', '') <> '')
     ORDER BY cases.opened_at LIMIT :most
    """  # noqa: S608  (no value is in it)
)
_COUNTED = text(f"SELECT count(*) FROM ({WAITING}) AS found")  # noqa: S608  (no value is in it)


class HandoffHit(BaseModel):
    """An open handoff whose case waits, or (`of_entry`) that is about an entry on the system itself."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    case_id: uuid.UUID
    journey: str
    of_entry: bool


class CustomerHit(BaseModel):
    """The customer of a case that waits: who they are, and how they may be written to, as far as anybody knows."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    number: str
    journey: str
    order_no: str
    name: str
    email: str
    by_mail: bool


async def handoffs(session: AsyncSession, outage: Outage) -> list[HandoffHit]:
    """The open handoffs whose clocks it may keep."""
    found = (await (await session.connection()).execute(_HANDOFFS, values(outage))).mappings()
    return [HandoffHit.model_validate(dict(row)) for row in found]


async def customers(
    session: AsyncSession, outage: Outage, now: datetime, mailed: Collection[str] | None = None
) -> list[CustomerHit]:
    """Those whom nobody has told of an outage lately, the oldest case first; with `mailed` only those of these
    journeys who can be mailed: who cannot takes no place of who can."""
    journeys = None if mailed is None else sorted(mailed)
    asked = {**values(outage), "since": now - ONCE_IN, "most": AT_ONCE, "journeys": journeys}
    return [_customer(row) for row in (await (await session.connection()).execute(_CUSTOMERS, asked)).mappings()]


async def count(session: AsyncSession, outage: Outage) -> int:
    """How many cases wait for it."""
    return int((await (await session.connection()).execute(_COUNTED, values(outage))).scalar_one())


def values(outage: Outage) -> dict[str, Any]:
    """What `WAITING` is asked with."""
    title = f"the {SYSTEMS[outage.system].title}" if outage.system in SYSTEMS else ""
    return {**outage.way._asdict(), "hold": outage.hold_id, "title": title}


def _customer(row: Any) -> CustomerHit:
    """What the handoff passed along, else what was handed in, else the order as it was last read."""
    passed, content, order = ({**(row[name] or {})} for name in ("customer", "content", "fields"))
    prefers = passed.get("contact_preference") or content.get("contact_preference") or "mail"
    return CustomerHit(
        case_id=row["id"],
        number=row["number"],
        journey=row["journey"],
        order_no=row["order_no"],
        name=row["customer_name"] or passed.get("name") or content.get("name") or "",
        email=passed.get("email") or content.get("email") or order.get("email") or "",
        by_mail=prefers == "mail",
    )
