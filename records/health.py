"""How each way to a system stands, what was heard of it, and its outages: one truth for every process."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, Index, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import choice, maybe_document, maybe_moment, moment
from systems.way import OutageStage, Way, WayState

CHANNEL = "baton_health"
"""Where each change of a way's state is announced, as system/environment/route."""


class SystemHealth(SQLModel, table=True):
    """How a way stands now; `fallbacks.breaker` says what each figure means. No row: nothing was heard of it yet.

    `opened`: the moments of the last hour at which it went down. `heard_at`: when anything was last heard of it.
    """

    __tablename__ = "system_health"

    system: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    state: WayState = choice(WayState)
    since: datetime = moment()
    code: str = ""
    failures: int = 0
    worked: int = 0
    signed: int = 0
    failing_seconds: float = 0.0
    first_failure_at: datetime | None = maybe_moment()
    heard_at: datetime | None = maybe_moment()
    ok_at: datetime | None = maybe_moment()
    successes: int = 0
    opened: list[datetime] = Field(
        default_factory=list, sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False)
    )
    next_probe_at: datetime | None = maybe_moment()
    probe_every: float = 0.0
    isolated_by: str = ""
    isolated_why: str = ""
    isolated_until: datetime | None = maybe_moment()

    @property
    def way(self) -> Way:
        """Which way this is."""
        return Way(self.system, self.environment, self.route)


class HealthSample(SQLModel, table=True):
    """One thing that was heard of a way; `source` is probe, sign_in, entry, look or read. Kept for two days."""

    __tablename__ = "health_samples"
    __table_args__ = (Index("ix_health_samples_way", "system", "environment", "route", "at"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    route: str
    at: datetime = moment(index=True)
    ok: bool
    code: str = ""
    source: str
    ms: int = 0


class SignInLook(SQLModel, table=True):
    """The last look whether anybody can sign in by that way: as whom, and the fault's code, or "" when it worked."""

    __tablename__ = "sign_in_looks"

    system: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    account: str
    at: datetime = moment()
    code: str = ""
    ms: int = 0

    @property
    def way(self) -> Way:
        """Which way was looked at."""
        return Way(self.system, self.environment, self.route)


class HealthSpan(SQLModel, table=True):
    """From when to when a way stood so, and why; the last one of each has not ended. Kept for ninety days."""

    __tablename__ = "health_spans"
    __table_args__ = (
        Index("ix_health_spans_way", "system", "environment", "route", "began"),
        Index(
            "uq_health_spans_open",
            "system",
            "environment",
            "route",
            unique=True,
            postgresql_where=text("ended IS NULL"),
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    route: str
    state: WayState = choice(WayState)
    began: datetime = moment()
    ended: datetime | None = maybe_moment()
    why: str = ""
    by: str = ""


class Outage(SQLModel, table=True):
    """One outage of a way, from the first fault on; `hold_id` is the hold that everybody stands behind meanwhile.

    `isolated`: `by` took it out of use and said `why`. `playbook`, `drain_per_minute` and `halted_why` are what people
    and the drain say of it.
    """

    __tablename__ = "outages"
    __table_args__ = (
        Index(
            "uq_outages_open", "system", "environment", "route", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_outages_began", "began_at"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    route: str
    began_at: datetime = moment()
    detected_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()
    code: str = ""
    isolated: bool = False
    by: str = ""
    why: str = ""
    hold_id: uuid.UUID | None = Field(default=None, index=True)
    playbook: dict[str, Any] | None = maybe_document()
    playbook_by: str = ""
    playbook_at: datetime | None = maybe_moment()
    drain_per_minute: float | None = None
    halted_why: str = ""
    stage: OutageStage = choice(OutageStage, default=OutageStage.STANDING)

    @property
    def way(self) -> Way:
        """Which way was out."""
        return Way(self.system, self.environment, self.route)


async def database_now(session: AsyncSession) -> datetime:
    """The database's time: the same for all processes, whatever their own clocks say."""
    found: datetime = (await (await session.connection()).execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found


async def locked(session: AsyncSession, way: Way, now: datetime) -> SystemHealth:
    """The row of a way, kept from everybody else until the transaction ends; a new one when nothing was heard yet."""
    fresh = {
        "state": WayState.UP,
        "since": now,
        "opened": [],
        "code": "",
        "failures": 0,
        "worked": 0,
        "signed": 0,
        "failing_seconds": 0.0,
    }
    fresh |= {"successes": 0, "probe_every": 0.0, "isolated_by": "", "isolated_why": ""}
    adding = insert(SystemHealth).values(**way._asdict(), **fresh).on_conflict_do_nothing()
    first = await (await session.connection()).execute(adding.returning(col(SystemHealth.system)))
    if first.first() is not None:  # from the first word on it is known how it stood
        session.add(HealthSpan(**way._asdict(), state=WayState.UP, began=now, why="First heard of.", by="baton"))
        await session.flush()
    asked = _of(select(SystemHealth), SystemHealth, way).with_for_update()
    found: SystemHealth = (await session.exec(asked.execution_options(populate_existing=True))).one()
    return found


async def state_of(session: AsyncSession, way: Way) -> SystemHealth | None:
    """How a way stands; None when nothing was heard of it, so that nothing speaks against it."""
    found: SystemHealth | None = (await session.exec(_of(select(SystemHealth), SystemHealth, way))).one_or_none()
    return found


async def sign_in_looks(session: AsyncSession, system: str | None = None) -> dict[Way, SignInLook]:
    """The last sign-in look of every way, or of one system's."""
    asked = select(SignInLook) if system is None else select(SignInLook).where(SignInLook.system == system)
    return {one.way: one for one in await session.exec(asked)}


_UNLOOKED = text(
    """
    SELECT min(at) AS first, max(at) FILTER (WHERE newest = 1) AS last
      FROM (SELECT at, ok, row_number() OVER (ORDER BY at DESC) AS newest FROM health_samples
             WHERE system = :system AND environment = :environment AND route = :route AND source = 'probe'
               AND at > greatest(:since, (SELECT max(at) FROM health_samples
                                           WHERE system = :system AND environment = :environment AND route = :route
                                             AND source = 'sign_in' AND at > :since))) AS probes
     WHERE ok
    """
)


async def unlooked(session: AsyncSession, way: Way, since: datetime) -> tuple[datetime | None, datetime | None]:
    """Probes that were answered after `since` and that no sign-in look followed: when the first of them was, and when
    the newest probe of all was, if it is one of them."""
    asked = (await session.connection()).execute(_UNLOOKED, {**way._asdict(), "since": since})
    first, last = (await asked).one()
    return first, last


async def entries_fail(session: AsyncSession, way: Way, times: int, since: datetime) -> bool:
    """Whether the last so many entries by that way all failed, whatever was only read there in between."""
    asked = _of(select(HealthSample.ok), HealthSample, way).where(HealthSample.source == "entry")
    newest = asked.where(HealthSample.at >= since).order_by(col(HealthSample.at).desc()).limit(times)
    found = list(await session.exec(newest))
    return len(found) == times and not any(found)


async def standing(session: AsyncSession) -> list[SystemHealth]:
    """Every way of which anything was heard, by its name."""
    in_order = col(SystemHealth.system), col(SystemHealth.environment), col(SystemHealth.route)
    return list(await session.exec(select(SystemHealth).order_by(*in_order)))


async def open_outages(session: AsyncSession, way: Way | None = None) -> list[Outage]:
    """The outages that have not ended, all or that of a way, the longest first."""
    asked = select(Outage).where(col(Outage.ended_at).is_(None)).order_by(col(Outage.began_at))
    return list(await session.exec(asked if way is None else _of(asked, Outage, way)))


async def moved(session: AsyncSession, health: SystemHealth, why: str, by: str, now: datetime) -> None:
    """The way stands otherwise from now on: its span ends, the next one begins, and everybody hears of it."""
    open_one = _of(select(HealthSpan).where(col(HealthSpan.ended).is_(None)), HealthSpan, health.way)
    last = (await session.exec(open_one)).one_or_none()
    if last is not None:
        last.ended = max(now, last.began)
        await session.flush()
    session.add(HealthSpan(**health.way._asdict(), state=health.state, began=now, why=why, by=by))
    await session.flush()
    told = {"channel": CHANNEL, "way": "/".join(health.way)}
    await (await session.connection()).execute(text("SELECT pg_notify(:channel, :way)"), told)


_FORGET = (
    text("DELETE FROM health_samples WHERE id IN (SELECT id FROM health_samples WHERE at < :samples LIMIT :most)"),
    text("DELETE FROM health_spans WHERE id IN (SELECT id FROM health_spans WHERE ended < :spans LIMIT :most)"),
)


async def forget(session: AsyncSession, samples: datetime, spans: datetime, most: int) -> int:
    """Remove what was heard before `samples` and the spans that ended before `spans`, some of each; how many rows."""
    connection, asked = await session.connection(), {"samples": samples, "spans": spans, "most": most}
    return sum([(await connection.execute(each, asked)).rowcount for each in _FORGET])


def _of(asked: Any, table: Any, way: Way) -> Any:
    return asked.where(*(getattr(table, name) == value for name, value in way._asdict().items()))
