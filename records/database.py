"""The one way to PostgreSQL: an async engine over psycopg, and sessions that commit as a block."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.asyncio import async_sessionmaker as sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from records import tables  # noqa: F401 - whoever writes a row needs every table that a foreign key of it may name

STATEMENT_TIMEOUT_MS = 10_000
"""Longer than any statement of ours takes; a locked table then answers instead of hanging a page."""


def sqlalchemy_url(url: str) -> str:
    """A plain PostgreSQL URL as SQLAlchemy's psycopg dialect wants it."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    raise ValueError("BATON_DATABASE_URL must start with postgresql://")


def libpq_url(url: str) -> str:
    """The same URL for psycopg itself, as LISTEN connections use it."""
    return "postgresql://" + sqlalchemy_url(url).removeprefix("postgresql+psycopg://")


class Database:
    """A pool of connections; `session()` is one transaction."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = libpq_url(url)
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=5,
            pool_pre_ping=True,
            pool_timeout=5,
            hide_parameters=True,  # SQL errors quote bound values, and those hold personal data
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            },
        )
        self._sessions = sessionmaker(self.engine, class_=AsyncSession, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends well, rolled back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
