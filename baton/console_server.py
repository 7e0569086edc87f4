"""The console's process: uvicorn around the app; it starts, and takes work in, while Temporal is away."""

import asyncio
from functools import partial

import uvicorn

from baton import begins, temporal_peer, wiring
from baton.codec import AesGcmCodec
from baton.seen import part, traces
from baton.seen.engine import EngineMetrics
from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from core import log as logging_
from core.settings import Settings, settings


async def serve(chosen: Settings, engine: EngineMetrics) -> None:
    """Serve until told to stop."""
    database = wiring.database(chosen)
    health = part.of_other("console", database, await temporal_peer.client(lazy=True), engine)
    await begins.with_fitting(database)
    health.begun()
    temporal = await wiring.temporal_client(chosen)
    payloads = temporal.data_converter.payload_codec
    collaborators = Collaborators(
        database=database,
        temporal=temporal,
        settings=chosen,
        evidence=wiring.evidence(chosen),
        clock=clock.now,
        places=partial(wiring.known_places, chosen),
        credentials=wiring.secrets(chosen).known,
        secrets_of_bots=chosen.secrets == "env",
        seen=health,
        payloads=payloads if isinstance(payloads, AesGcmCodec) else None,
    )
    config = uvicorn.Config(
        create_app(collaborators),
        host=chosen.console_host,
        port=chosen.console_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    try:
        async with part.measured(health, engine, chosen):
            await uvicorn.Server(config).serve()
    finally:
        await database.close()


def main() -> None:
    """The verb `baton console`."""
    chosen = settings()
    logging_.configure("console", style=chosen.log_format, level=chosen.log_level)
    with traces.sent("console"):
        asyncio.run(serve(chosen, EngineMetrics.installed()))
