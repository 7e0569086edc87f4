"""A bot process shows that it lives: a row that it renews every few seconds and closes at its end."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import clock
from records import bot_process, bot_version
from records.bot_version import Announced
from records.database import Database

log = structlog.get_logger(__name__)

SIGN_SECONDS = 2.0
"""Between two signs of life: a process that is gone is named within seconds, at the cost of one small write."""


@asynccontextmanager
async def shown(
    database: Database, host: str, lives: Callable[[int], bool], runs: Iterable[Announced]
) -> AsyncIterator[None]:
    """Show this process's signs of life for the length of the block, and say first which versions of bots it `runs`.

    `lives` tells which processes of this host do; those that it takes the place of are over. Records that are away are
    told of once, not at every sign.
    """
    async with database.session() as session:
        me = await bot_process.begin(session, host, os.getpid(), lives)
        await bot_version.announce(session, me, runs, clock.now())
    showing = asyncio.create_task(_show(database, me))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        try:
            async with database.session() as session:
                await bot_process.end(session, me)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("life.end_untold", kind=type(error).__name__)


async def _show(database: Database, me: uuid.UUID) -> None:
    away = False
    while True:
        try:
            async with database.session() as session:
                await bot_process.alive(session, me)
            away = False
        except (DBAPIError, PoolTimeout) as error:
            if not away:
                log.warning("life.untold", kind=type(error).__name__)
            away = True
        await asyncio.sleep(SIGN_SECONDS)
