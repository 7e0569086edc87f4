"""`baton recover`: one or everything that is gone begins anew, by a word with a reason; it needs the records alone."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from typer.testing import CliRunner

from baton.cli import app
from records import processes
from records.database import Database
from records.gone import Became, Fate, GoneProcess, ProcessKind
from records.intake import hand_in
from records.outbox import OutboxRow
from records.processes import Process
from tests.support.journey import handed, report_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


async def _lost(url: str) -> list[str]:
    """Two cases whose processes are gone; their numbers."""
    database, numbers = Database(url), []
    for order_no in ("4700123", "4700124"):
        async with database.session() as session:
            receipt = await hand_in(session, handed(report_of(order_no)), NOW)
            await (await session.connection()).execute(update(OutboxRow).values(sent_at=NOW))
        number = receipt.case_number
        name = f"failed-delivery/{number}"
        lost = Process(workflow_id=name, kind=ProcessKind.CASE, label=number, case_id=receipt.case_id)
        async with database.session() as session:
            await processes.note_gone(session, [(lost, Fate(what=Became.TERMINATED))], NOW)
        numbers.append(number)
    await database.close()
    return numbers


async def _kept(url: str) -> tuple[list[tuple[str, bool, str]], list[int]]:
    """What is kept of each that was gone, and the runs that are to start."""
    database = Database(url)
    async with database.session() as session:
        rows = await session.exec(select(GoneProcess).order_by(col(GoneProcess.label)))
        gone = [(row.label, row.over_at is not None, row.why) for row in rows]
        runs = list(await session.exec(select(OutboxRow.run).where(col(OutboxRow.sent_at).is_(None))))
    await database.close()
    return gone, runs


@pytest.mark.failure_mode("F33")
def test_one_and_then_all_begin_anew(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """F33: without a reason or a name nothing changes; one by its number, the rest by --all, nothing twice."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path))
    first, second = asyncio.run(_lost(database_url))
    word = ["--reason", "terminated by mistake"]
    asked = [[first], word, [first, *word], [first, *word], ["--all", *word], ["--all", *word]]

    said = [CliRunner().invoke(app, ["recover", *one]) for one in asked]

    assert [one.exit_code for one in said] == [1, 1, 0, 1, 0, 0]
    assert "needs a reason" in said[0].output
    assert "Name either one case" in said[1].output
    assert said[2].output == f"{first} begins anew from its records.\n"
    assert f"{first} is not gone" in said[3].output
    assert [one.output for one in said[4:]] == [f"{second} begins anew from its records.\n", "Nothing is gone.\n"]
    why = "terminated by mistake"
    assert asyncio.run(_kept(database_url)) == ([(first, True, why), (second, True, why)], [2, 2])
