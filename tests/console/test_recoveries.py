"""What is gone at Temporal: shown wherever a case is shown, and begun anew by those who may."""

import uuid
from datetime import timedelta

import httpx
from sqlmodel import col, select, update

from records import processes
from records.gone import Became, Fate, GoneProcess, ProcessKind
from records.intake import Receipt, hand_in
from records.outbox import OutboxRow
from records.processes import Process
from tests.console.conftest import NOW, Console
from tests.support.journey import handed, report_of


async def lost(console: Console) -> Receipt:
    """A case that was started, and whose process the beat has found terminated."""
    async with console.database.session() as session:
        receipt = await hand_in(session, handed(report_of("4700123")), NOW)
        await (await session.connection()).execute(update(OutboxRow).values(sent_at=NOW))
    process = Process(
        workflow_id=f"failed-delivery/{receipt.case_number}",
        kind=ProcessKind.CASE,
        label=receipt.case_number,
        case_id=receipt.case_id,
    )
    async with console.database.session() as session:
        assert await processes.note_gone(session, [(process, Fate(what=Became.TERMINATED))], NOW) == 1
        assert await processes.note_gone(session, [(process, Fate(what=Became.TERMINATED))], NOW) == 0
    return receipt


async def test_a_lost_case_says_so_and_begins_anew_by_a_word(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Its page, the list and home name what happened; without a reason nothing changes; with one the next run waits."""
    receipt = await lost(console)
    shown = (await supervisor.get(f"/cases/{receipt.case_number}")).text
    listed, home = (await supervisor.get("/cases")).text, (await supervisor.get("/")).text
    ref = {"ref": f"failed-delivery/{receipt.case_number}"}

    refused = await supervisor.post("/recoveries", data={**ref, "reason": " "}, follow_redirects=True)
    said = await supervisor.post("/recoveries", data={**ref, "reason": "by mistake"}, follow_redirects=True)
    again = await supervisor.post("/recoveries", data={**ref, "reason": "by mistake"}, follow_redirects=True)

    assert ("terminated at Temporal" in shown, "Have it begin anew from its records." in shown) == (True, True)
    assert "/recoveries#" in shown
    assert ("gone at Temporal (terminated)" in listed, "Gone at Temporal" in home) == (True, True)
    assert (refused.status_code, "needs a reason" in refused.text) == (422, True)
    assert "begins anew from its records" in said.text
    assert (again.status_code, "Nothing was changed" in again.text) == (422, True)
    async with console.database.session() as session:
        rows = select(OutboxRow).where(OutboxRow.case_id == receipt.case_id).order_by(col(OutboxRow.run))
        begun = [(row.run, row.sent_at is None, row.argument.get("recovered")) for row in await session.exec(rows)]
    assert begun == [(1, False, None), (2, True, 2)]


async def test_one_that_cannot_begin_anew_keeps_no_other_from_it(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """Of what is gone all begin anew but the one whose records do not say how it was begun: that one is still gone."""
    receipt = await lost(console)
    unknown = GoneProcess(
        workflow_id=f"look-up/{uuid.UUID(int=1)}",
        kind=ProcessKind.LOOK_UP,
        label="a look-up",
        what=Became.VANISHED,
        seen_at=NOW - timedelta(hours=1),
    )
    async with console.database.session() as session:
        session.add(unknown)

    await supervisor.post("/recoveries", data={"reason": "Temporal was lost"}, follow_redirects=True)

    async with console.database.session() as session:
        begun = select(OutboxRow.run).where(OutboxRow.case_id == receipt.case_id).order_by(col(OutboxRow.run))
        assert list(await session.exec(begun)) == [1, 2]
        assert [one.label for one in await processes.gone(session)] == ["a look-up"]


async def test_an_agent_reads_it_and_cannot_recover(console: Console, agent: httpx.AsyncClient) -> None:
    """The case's page names who can; the page of what is gone, and the word, are refused."""
    receipt = await lost(console)

    shown = (await agent.get(f"/cases/{receipt.case_number}")).text
    refused = await agent.post("/recoveries", data={"reason": "by mistake"})

    assert "IT or a supervisor can do that" in shown
    assert ((await agent.get("/recoveries")).status_code, refused.status_code) == (403, 403)
