"""Versions of bots: each bot process says at its start which versions it runs; what is deployed is read here."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment
from records.bot_process import BotProcess
from systems.base import PRODUCTION

ALIVE_SECONDS = 30
"""A process that is not heard of for so long runs nothing any more; it shows a sign of life every two seconds."""


class BotVersion(SQLModel, table=True):
    """A version of a route's bot, and when and where it was first announced; the row stays."""

    __tablename__ = "bot_versions"

    system: str = Field(primary_key=True)
    environment: str = Field(default=PRODUCTION, primary_key=True)
    route: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    first_seen_at: datetime = moment()
    host: str


class BotServes(SQLModel, table=True):
    """What one bot process runs; gone with the process's own row."""

    __tablename__ = "bot_serves"

    process_id: uuid.UUID = Field(foreign_key="bot_processes.id", ondelete="CASCADE", primary_key=True)
    system: str = Field(primary_key=True)
    environment: str = Field(default=PRODUCTION, primary_key=True)
    route: str = Field(primary_key=True)
    version: str


class Announced(BaseModel):
    """A route and the version of its bot, as a process found it at its start."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    route: str
    version: str


class Runs(BaseModel):
    """One process that runs a version now."""

    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    since: datetime


class Standing(BaseModel):
    """A version: since when it is known, and which processes run it now."""

    model_config = ConfigDict(frozen=True)

    version: str
    first_seen_at: datetime
    host: str
    runs: tuple[Runs, ...]


class RouteVersions(BaseModel):
    """One way to one system and its versions, the newest first."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    route: str
    versions: tuple[Standing, ...]

    @property
    def running(self) -> tuple[Standing, ...]:
        """The versions that some process runs now."""
        return tuple(one for one in self.versions if one.runs)


async def announce(session: AsyncSession, process: uuid.UUID, opened: Iterable[Announced], now: datetime) -> None:
    """Say what this process runs. The first word about a version is kept; the same again changes nothing."""
    host = (await session.get_one(BotProcess, process)).host
    connection = await session.connection()
    for one in opened:
        version = BotVersion(**one.model_dump(), first_seen_at=now, host=host)
        await connection.execute(insert(BotVersion).values(**version.model_dump()).on_conflict_do_nothing())
        serves = BotServes(process_id=process, **one.model_dump())
        await connection.execute(insert(BotServes).values(**serves.model_dump()).on_conflict_do_nothing())


async def deployed(session: AsyncSession) -> list[RouteVersions]:
    """Every route with its versions, and what runs now."""
    running = await _running(session)
    found: dict[tuple[str, str, str], list[Standing]] = defaultdict(list)
    newest = col(BotVersion.first_seen_at).desc()
    for one in await session.exec(select(BotVersion).order_by(newest, col(BotVersion.version).desc())):
        way = (one.system, one.environment, one.route)
        found[way].append(
            Standing(
                version=one.version,
                first_seen_at=one.first_seen_at,
                host=one.host,
                runs=tuple(running.get((*way, one.version), ())),
            )
        )
    return [
        RouteVersions(system=system, environment=environment, route=route, versions=tuple(versions))
        for (system, environment, route), versions in sorted(found.items())
    ]


_RUNNING = text(
    """
    SELECT serves.system, serves.environment, serves.route, serves.version, process.host, process.pid,
           process.started_at
      FROM bot_serves AS serves JOIN bot_processes AS process ON process.id = serves.process_id
     WHERE process.ended_at IS NULL AND process.seen_at > clock_timestamp() - make_interval(secs => :alive)
     ORDER BY process.started_at, process.pid
    """
)


async def _running(session: AsyncSession) -> dict[tuple[str, str, str, str], list[Runs]]:
    found: dict[tuple[str, str, str, str], list[Runs]] = defaultdict(list)
    for *which, host, pid, since in await (await session.connection()).execute(_RUNNING, {"alive": ALIVE_SECONDS}):
        system, environment, route, version = which
        found[system, environment, route, version].append(Runs(host=host, pid=pid, since=since))
    return found
