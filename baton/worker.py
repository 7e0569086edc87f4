"""The Temporal worker's process: workflows, records, rules and mail; everything but the bots."""

import asyncio

from baton import extensions, wiring
from baton.serving import connected, until_told
from core import log as logging_
from core.settings import Settings, settings


async def serve(chosen: Settings) -> None:
    """Work until told to stop."""
    database = wiring.database(chosen)
    try:
        client = await connected(chosen)
        await until_told([wiring.temporal_worker(client, wiring.Steps(database, chosen))])
    finally:
        await database.close()


def main() -> None:
    """The verb `baton worker`."""
    chosen = settings()
    logging_.configure("worker", style=chosen.log_format, level=chosen.log_level)
    extensions.report()
    asyncio.run(serve(chosen))
