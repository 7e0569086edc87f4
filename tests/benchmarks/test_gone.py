"""The comparison of open cases with Temporal, in small: all that vanished is seen, over as many beats as it takes."""

import pytest

from benchmarks.gone import Figures, measure
from fallbacks import gone_processes
from records.database import Database
from tests.support.servers import Temporal


@pytest.mark.failure_mode("F33")
async def test_all_that_vanished_is_seen(
    database_url: str, temporal: Temporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F33: with more missing than one beat asks about, the next beats ask about the others; what runs is none of it."""
    monkeypatch.setattr(gone_processes, "ASKED", 20)
    database, figures = Database(database_url), Figures(open=50, running=5)

    await measure(database, temporal.client, figures)
    await database.close()

    assert (figures.seen, figures.beats, figures.known_ms > 0) == (45, 3, True)
