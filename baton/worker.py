"""The Temporal worker's process: workflows, records, rules and mail; everything but the bots."""

import asyncio

from baton import begins, extensions, temporal_peer, wiring
from baton.seen import part, traces
from baton.seen.engine import EngineMetrics
from baton.serving import connected, until_told
from core import log as logging_
from core.settings import Settings, settings


async def serve(chosen: Settings, engine: EngineMetrics) -> None:
    """Work until told to stop."""
    database = wiring.database(chosen)
    health = part.of_worker("worker", database, await temporal_peer.client(lazy=True), engine)
    try:
        async with part.watched(health, engine, chosen):
            await begins.with_fitting(database)
            worker = wiring.temporal_worker(await connected(chosen), wiring.Steps(database, chosen))
            await until_told([worker], told=health.begun)
    finally:
        await database.close()


def main() -> None:
    """The verb `baton worker`."""
    chosen = settings()
    logging_.configure("worker", style=chosen.log_format, level=chosen.log_level)
    extensions.report()
    with traces.sent("worker"):
        asyncio.run(serve(chosen, EngineMetrics.installed()))
