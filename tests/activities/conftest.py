"""The records of one test."""

from collections.abc import AsyncIterator

import pytest

from records.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The records of this test."""
    database = Database(database_url)
    yield database
    await database.close()
