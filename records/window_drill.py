"""Drills on real systems: windows that one person asks for and another approves, and what the records tell of them."""

import uuid
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import choice, maybe_moment, moment
from systems.way import Way


class WindowState(StrEnum):
    """Asked for; approved by a second person; its way is out of use; over; taken back before it began."""

    ASKED = "asked"
    APPROVED = "approved"
    RUNNING = "running"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class WindowDrill(SQLModel, table=True):
    """One drill on a real system: within its window the way is taken out of use, and real work goes over its fallbacks.

    `approved_by` is another person than `asked_by`; in a test environment nobody, and it says so.
    """

    __tablename__ = "window_drills"
    __table_args__ = (Index("ix_window_drills_asked", "asked_at", "id"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    route: str
    begins_at: datetime = moment()
    ends_at: datetime = moment()
    why: str
    state: WindowState = choice(WindowState)
    asked_by: str
    asked_at: datetime = moment()
    approved_by: str = ""
    approved_at: datetime | None = maybe_moment()
    started_by: str = ""
    started_at: datetime | None = maybe_moment()
    ended_by: str = ""
    ended_at: datetime | None = maybe_moment()

    @property
    def way(self) -> Way:
        """What is taken out of use."""
        return Way(self.system, self.environment, self.route)


class Measured(BaseModel):
    """What the records tell of a drill. `held`: stood in line; `other_ways`, `people`: went on meanwhile.

    `drained`: of all these, how many have come to their end. `lost`: their process is gone. `duplicated`: saved by more
    than one try. `entered_there`: clicked by the way itself by a try that began while it was out of use.
    """

    model_config = ConfigDict(frozen=True)

    entries: int = 0
    held: int = 0
    other_ways: int = 0
    people: int = 0
    drained: int = 0
    lost: int = 0
    duplicated: int = 0
    entered_there: int = 0
    promises: int = 0
    missed: int = 0

    @property
    def well(self) -> bool:
        """Nothing lost, nothing twice, nothing sent to what was out of use, no promise missed."""
        return not (self.lost or self.duplicated or self.entered_there or self.missed)


_MEASURED = text(
    """
    WITH ours AS (
        SELECT DISTINCT ON (choice.item_id) choice.item_id, choice.to_route
          FROM route_choices AS choice JOIN operation_holds AS hold ON hold.id = choice.hold_id
         WHERE hold.system = :system AND hold.environment = :environment AND hold.route = :route
           AND choice.from_route = :route AND choice.at BETWEEN :began AND :ended
         ORDER BY choice.item_id, choice.at DESC),
    told AS (
        SELECT ours.to_route, item.id, item.ended_at, cases.due_at,
               EXISTS (SELECT 1 FROM gone_processes AS gone
                        WHERE gone.workflow_id = 'item/' || item.id AND gone.over_at IS NULL) AS gone,
               (SELECT count(*) FROM attempts WHERE attempts.item_id = item.id AND attempts.purpose = 'enter'
                   AND attempts.submitted_at IS NOT NULL AND attempts.outcome = 'done') AS saves
          FROM ours JOIN work_items AS item ON item.id = ours.item_id LEFT JOIN cases ON cases.id = item.case_id)
    SELECT count(*), count(*) FILTER (WHERE to_route = 'deferred'),
           count(*) FILTER (WHERE to_route NOT IN ('deferred', 'person')), count(*) FILTER (WHERE to_route = 'person'),
           count(ended_at), count(*) FILTER (WHERE gone), count(*) FILTER (WHERE saves > 1), count(due_at),
           count(*) FILTER (WHERE due_at < coalesce(ended_at, :now))
      FROM told
    """
)
_ENTERED_THERE = text(
    """
    SELECT count(*) FROM attempts JOIN work_items AS item ON item.id = attempts.item_id
     WHERE item.system = :system AND item.environment = :environment AND attempts.route = :route
       AND attempts.purpose = 'enter' AND attempts.submitted_at IS NOT NULL
       AND attempts.started_at > CAST(:began AS timestamptz) + interval '2 seconds' AND attempts.started_at < :ended
    """
)


async def measured(session: AsyncSession, drill: WindowDrill, now: datetime) -> Measured:
    """What it showed so far."""
    ended = min(drill.ended_at or drill.ends_at, now)
    asked = {**drill.way._asdict(), "began": drill.started_at or now, "ended": ended}
    connection = await session.connection()
    row = (await connection.execute(_MEASURED, {**asked, "now": now})).one()
    there = (await connection.execute(_ENTERED_THERE, asked)).scalar_one()
    names = ("entries", "held", "other_ways", "people", "drained", "lost", "duplicated", "promises", "missed")
    return Measured(**dict(zip(names, row, strict=True)), entered_there=there)


async def latest(session: AsyncSession, most: int) -> list[WindowDrill]:
    """Those that were asked for, the newest first."""
    order = (col(WindowDrill.asked_at).desc(), col(WindowDrill.id))
    return list(await session.exec(select(WindowDrill).order_by(*order).limit(most)))


async def locked(session: AsyncSession, drill_id: uuid.UUID) -> WindowDrill | None:
    """One of them, kept from everybody else until the transaction ends."""
    return (await session.exec(select(WindowDrill).where(WindowDrill.id == drill_id).with_for_update())).one_or_none()


async def approved(
    session: AsyncSession, system: str, environment: str, route: str, now: datetime
) -> list[WindowDrill]:
    """Those that may begin now on that system; `route` may be empty."""
    asked = select(WindowDrill).where(
        WindowDrill.system == system,
        WindowDrill.environment == environment,
        WindowDrill.state == WindowState.APPROVED,
        WindowDrill.begins_at <= now,
        WindowDrill.ends_at > now,
    )
    found = list(await session.exec(asked.order_by(col(WindowDrill.begins_at), col(WindowDrill.id))))
    return [one for one in found if not route or one.route == route]


async def running(session: AsyncSession) -> list[WindowDrill]:
    """Those that run."""
    return list(await session.exec(select(WindowDrill).where(WindowDrill.state == WindowState.RUNNING)))
