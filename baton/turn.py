"""Whose turn it is when several processes could do the same upkeep: one holds a lock in PostgreSQL, the others wait."""

import asyncio

import psycopg
import structlog

log = structlog.get_logger(__name__)

LOCK = 7_218_402_912
"""The advisory lock of the upkeep; PostgreSQL gives it back when its holder's connection ends, however that ends."""


class Turn:
    """The right to do the upkeep of one database, kept as long as this process and its connection live."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection[tuple[bool]] | None = None
        self._mine = False
        self._one_at_a_time = asyncio.Lock()

    async def mine(self) -> bool:
        """Whether it is this process's turn. Raises psycopg.OperationalError when the database does not answer."""
        async with self._one_at_a_time:
            try:
                return await self._ask()
            except psycopg.OperationalError:
                await self._leave()
                raise

    async def close(self) -> None:
        """Give the turn to whoever asks next."""
        async with self._one_at_a_time:
            await self._leave()

    async def _ask(self) -> bool:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=5)
        if self._mine:  # still connected is still ours
            await self._connection.execute("SELECT true")
            return True
        asked = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))
        answer = await asked.fetchone()
        self._mine = answer is not None and answer[0]
        if self._mine:
            log.info("upkeep.turn_taken")
        return self._mine

    async def _leave(self) -> None:
        connection, self._connection, self._mine = self._connection, None, False
        if connection is not None:
            await connection.close()
