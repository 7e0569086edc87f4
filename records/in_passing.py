"""What a page writes in passing, as that somebody looks: left out when it cannot be written at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession


@asynccontextmanager
async def in_passing(session: AsyncSession) -> AsyncIterator[None]:
    """Write the block's statements unless a lock stands in their way: who only reads must not wait for a writer."""
    try:
        async with session.begin_nested():
            connection = await session.connection()
            await connection.execute(text("SET LOCAL lock_timeout = '250ms'"))
            yield
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
    except OperationalError as trouble:
        if not isinstance(trouble.orig, LockNotAvailable):
            raise
