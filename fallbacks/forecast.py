"""When a line will be through, and which of its promises will not be kept: by its rate, its seats and the hours."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from records import held_line, line_forecast
from records.health import Outage
from records.line_forecast import Promised
from records.operation_holds import OperationHold
from systems.registry import SYSTEMS
from systems.seating import Seating, Seatings

SHOWN = 20
"""Promises that a forecast names; it counts all of them."""
LOOKED_AT = 5000
"""Promises of one line that are looked at; the first due of them are what matters."""


class Speed(BaseModel):
    """How fast a line goes: so many a minute, and what sets the limit; None where nobody knows yet."""

    model_config = ConfigDict(frozen=True)

    per_minute: float | None = None
    limit: Literal["", "operator", "pace", "seats"] = ""

    def through(self, entries: int, seating: Seating, now: datetime) -> datetime | None:
        """When so many are through, counting open hours only; None when nobody knows."""
        if self.per_minute is None:
            return None
        return seating.windows.after(now, timedelta(minutes=entries / self.per_minute))


class AtRisk(BaseModel):
    """A promise that is due before its turn comes; `expected_at` is empty where nobody knows when that is."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    case_id: uuid.UUID | None
    target_key: str
    due_at: datetime
    expected_at: datetime | None


class Forecast(BaseModel):
    """How a line stands and goes on, from `now` on: where the hold still stands, as if it ended at this moment.

    `behind_people` wait for an earlier entry of the same record that a person has. `late` promises are past already,
    `risks` counts those that will be, and `at_risk` names the first of them.
    """

    model_config = ConfigDict(frozen=True)

    hold_id: uuid.UUID
    stands: bool
    in_line: int
    on_their_way: int
    records: int
    behind_people: int
    speed: Speed
    done_at: datetime | None
    oldest_due: datetime | None
    late: int
    risks: int
    at_risk: tuple[AtRisk, ...]


class Forecasts:
    """Reads one line and says how it will go."""

    def __init__(self, seatings: Seatings) -> None:
        self._seatings = seatings

    async def of(self, session: AsyncSession, hold: OperationHold, now: datetime) -> Forecast:
        """The forecast of the line behind this hold."""
        totals = await line_forecast.totals(session, hold.id, now)
        seating = self._seatings.known(hold.system, hold.environment)
        speed = await self._speed(session, hold)
        on_their_way = await held_line.on_their_way(session, hold.id, now)
        all_of_it = await line_forecast.promised(session, hold.id, None, LOOKED_AT)
        expected = [(one, _expected_at(one, speed, seating, on_their_way, now)) for one in all_of_it]
        risks = [(one, at) for one, at in expected if at is None or one.due_at < at]
        known = totals.in_line - totals.behind_people
        return Forecast(
            hold_id=hold.id,
            stands=hold.ended_at is None,
            in_line=totals.in_line,
            on_their_way=on_their_way,
            records=totals.records,
            behind_people=totals.behind_people,
            speed=speed,
            done_at=speed.through(known + on_their_way, seating, now),
            oldest_due=totals.oldest_due,
            late=totals.late,
            risks=len(risks),
            at_risk=tuple(_risk(one, at) for one, at in risks[:SHOWN]),
        )

    async def missed(
        self, session: AsyncSession, hold: OperationHold, promises: Sequence[Promised], now: datetime
    ) -> list[Promised]:
        """Those of these promises that are due before their turn comes, or of whose turn nobody knows."""
        seating, speed = self._seatings.known(hold.system, hold.environment), await self._speed(session, hold)
        on_their_way = await held_line.on_their_way(session, hold.id, now)
        expected = [(one, _expected_at(one, speed, seating, on_their_way, now)) for one in promises]
        return [one for one, at in expected if at is None or one.due_at < at]

    async def _speed(self, session: AsyncSession, hold: OperationHold) -> Speed:
        """The least of what the operator said, what the system's file allows, and what the seats made of it lately."""
        seating = self._seatings.known(hold.system, hold.environment)
        outage = await session.get(Outage, hold.outage_id) if hold.outage_id is not None else None
        limits: list[tuple[float, Literal["operator", "pace", "seats"]]] = []
        if outage is not None and outage.drain_per_minute is not None:
            limits.append((outage.drain_per_minute, "operator"))
        if seating.entries_per_minute is not None:
            limits.append((seating.entries_per_minute, "pace"))
        seconds = await line_forecast.seconds_each(session, hold)
        if seconds:
            seats = seating.seats_of(len(SYSTEMS[hold.system].accounts_of(hold.route)))
            limits.append((seats * 60 / seconds, "seats"))
        if not limits:
            return Speed()
        per_minute, limit = min(limits)
        return Speed(per_minute=per_minute, limit=limit)


def _expected_at(one: Promised, speed: Speed, seating: Seating, on_their_way: int, now: datetime) -> datetime | None:
    """When this one will be through, if the line goes from now on; None when nobody knows."""
    return None if one.behind_person else speed.through(on_their_way + one.before + 1, seating, now)


def _risk(one: Promised, at: datetime | None) -> AtRisk:
    return AtRisk(
        item_id=one.item_id, case_id=one.case_id, target_key=one.target_key, due_at=one.due_at, expected_at=at
    )
