"""The records of one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.database import Database
from records.evidence_store import EvidenceStore
from tests.activities.shop import Bots, Shop, shop

__all__ = ["shop"]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The records of this test."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def bots(database: Database, shop: Shop, tmp_path: Path) -> Bots:
    """A bot process on the shop."""
    return Bots(database, shop, EvidenceStore.local(tmp_path / "evidence"))
