"""A part that can be asked how it is, for the length of a block."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio.client import Client

from baton.seen import checks, own
from baton.seen.engine import EngineMetrics
from baton.seen.health import Health
from baton.seen.server import served
from core.settings import Settings
from records.database import Database


def of_worker(part: str, database: Database, client: Client, engine: EngineMetrics) -> Health:
    """A part that takes its work from Temporal: without it, or without the records, it can do nothing."""
    needs = {"records": checks.records(database), "temporal": checks.temporal(client)}
    health = Health(part, needs, {"workflow_tasks": engine.failing_tasks, "clock": checks.true_time(database)})
    health.registry.register(engine)
    return health


def of_other(part: str, database: Database, client: Client, engine: EngineMetrics) -> Health:
    """A part that goes on without Temporal: the console takes work in, the upkeep keeps it."""
    uses = {"temporal": checks.temporal(client), "clock": checks.true_time(database)}
    health = Health(part, {"records": checks.records(database)}, uses)
    health.registry.register(engine)
    return health


@contextlib.asynccontextmanager
async def measured(health: Health, engine: EngineMetrics, chosen: Settings) -> AsyncIterator[None]:
    """Count for the length of a block."""
    lag = own.LoopLag()
    own.measure(health, lag, chosen.data_dir.absolute())
    watching = [asyncio.create_task(lag.watch_forever()), asyncio.create_task(engine.empty_forever())]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()


@contextlib.asynccontextmanager
async def watched(health: Health, engine: EngineMetrics, chosen: Settings) -> AsyncIterator[None]:
    """Count, and answer on the part's own port."""
    async with measured(health, engine, chosen), served(health, chosen.health_host, chosen.health_port):
        yield
