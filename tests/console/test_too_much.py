"""Three megabytes where a page of words belongs: refused before the records and Temporal see any of it."""

import httpx
import pytest
from sqlmodel import func, select

from records.submission import Submission
from tests.console.conftest import Console
from tests.console.test_desk import mine
from tests.console.test_start_work import REPORT
from tests.support.cast_of_cases import Cast

MUCH = "x" * 3_000_000


@pytest.mark.failure_mode("F44")
async def test_three_megabytes_are_refused_at_the_edge(agent: httpx.AsyncClient, console: Console, cast: Cast) -> None:
    """F44: form, program and a person's act get 413 with the most that is taken; nothing is kept and nobody is told."""
    assert cast
    number = await mine(console)
    before = await kept(console)

    form = await agent.post("/failed-deliveries", data={**REPORT, "driver_note": MUCH, "key": "much"})
    program = await agent.post("/api/failed-deliveries", json={**REPORT, "attempt": 1, "driver_note": MUCH})
    act = await agent.post(f"/cases/{number}/desk-notes", data={"text": MUCH, "note_kind": "note", "key": "much"})

    assert [one.status_code for one in (form, program, act)] == [413, 413, 413]
    assert "larger than 64 KB" in form.text
    assert "Nothing of it was kept." in act.text
    assert program.json()["error"]["code"] == "too_large"
    assert await kept(console) == before


async def kept(console: Console) -> int:
    """Submissions."""
    async with console.database.session() as session:
        return (await session.exec(select(func.count()).select_from(Submission))).one()
