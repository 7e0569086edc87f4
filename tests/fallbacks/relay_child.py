"""A relay in a process of its own, so that a test can have it killed: one round over the outbox."""

import asyncio
import os
import sys

from temporalio.client import Client

from core import clock
from core.settings import settings
from fallbacks.relay import Relay
from fallbacks.temporal_starter import TemporalStarter
from records.database import Database


async def main() -> None:
    """One round; its answer is the last line."""
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    database = Database(settings().database_url)
    sent = await Relay(database, TemporalStarter(client, settings().console_url), clock.now).run_once(clock.now())
    await database.close()
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    asyncio.run(main())
