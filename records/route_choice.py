"""Which way an entry was to take while its own was held: each choice with what it was made from, and who asks again."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import held_line
from records.base import document, moment


class RouteChoice(SQLModel, table=True):
    """One choice for one entry: behind which hold, from which way to which, by which rule of which version.

    `inputs` are what the rule was given; `asked_at` is when it was last asked and said the same.
    """

    __tablename__ = "route_choices"
    __table_args__ = (Index("ix_route_choices_item", "item_id", "at"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    item_id: uuid.UUID = Field(foreign_key="work_items.id")
    hold_id: uuid.UUID = Field(foreign_key="operation_holds.id")
    from_route: str
    to_route: str
    rule: str
    version: str
    inputs: dict[str, Any] = document()
    at: datetime = moment()
    asked_at: datetime = moment()


async def keep(session: AsyncSession, choice: RouteChoice) -> bool:
    """Keep it; False when the last one behind this hold said the same, which is no news."""
    asked = select(RouteChoice).where(RouteChoice.item_id == choice.item_id)
    last = (await session.exec(asked.order_by(col(RouteChoice.at).desc()).limit(1))).one_or_none()
    if last is not None and _same(last, choice):
        last.asked_at = choice.at
        return False
    session.add(choice)
    return True


def _same(last: RouteChoice, choice: RouteChoice) -> bool:
    return all(getattr(last, name) == getattr(choice, name) for name in ("hold_id", "from_route", "to_route", "rule"))


_AGAIN = text(
    """
    UPDATE route_choices SET asked_at = :now
     WHERE id IN (
        SELECT choice.id
          FROM work_items AS items
          JOIN operation_holds AS hold ON hold.id = items.held_behind AND hold.ended_at IS NULL
          JOIN route_choices AS choice ON choice.item_id = items.id AND choice.hold_id = hold.id
         WHERE items.held_behind IS NOT NULL AND NOT items.through_hold AND items.state = 'ready'
           AND choice.to_route = 'deferred' AND choice.from_route = items.route
           AND NOT EXISTS (SELECT 1 FROM route_choices AS newer WHERE newer.item_id = items.id AND newer.at > choice.at)
           AND (EXISTS (SELECT 1 FROM operation_holds AS other
                         WHERE other.system = items.system AND other.environment = items.environment
                           AND other.route <> items.route AND other.operation IN ('', items.operation)
                           AND other.ended_at > choice.asked_at)
                OR EXISTS (SELECT 1 FROM outages
                            WHERE outages.id = hold.outage_id AND outages.playbook_at > choice.asked_at))
           AND NOT EXISTS (SELECT 1 FROM work_items AS earlier
                            WHERE earlier.system = items.system AND earlier.environment = items.environment
                              AND earlier.target_key = items.target_key AND earlier.ended_at IS NULL
                              AND (coalesce(earlier.place, earlier.created_at), earlier.id)
                                  < (coalesce(items.place, items.created_at), items.id))
         ORDER BY items.created_at, items.id LIMIT :most FOR UPDATE OF choice SKIP LOCKED)
    RETURNING item_id, (SELECT case_id FROM work_items WHERE work_items.id = item_id) AS case_id
    """
)
"""Who stands in line and would perhaps choose otherwise now: another way is free again, or a playbook was chosen.

Of one record only the first: whoever left the line with it would overtake it.
"""


async def ask_again(session: AsyncSession, most: int, now: datetime) -> int:
    """Have the next of those who would perhaps choose otherwise choose anew; how many those are."""
    found = (await (await session.connection()).execute(_AGAIN, {"most": most, "now": now})).all()
    for item_id, case_id in found:
        session.add(held_line.waking(item_id, case_id, held_line.LET_GO, str(uuid.uuid4()), {}, now))
    if found:
        await held_line.wake_relay(session)
    return len(found)
