"""Plain entry in the console: a file is checked, shown as it will be keyed, started once, told to its end."""

import csv
import io
import uuid
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from console import entry_sheet
from core.work_item import Kind, Priority, State
from records.database import Database
from records.entry_file import EntryFile, EntryRow, FileState
from records.outbox import OutboxRow
from records.people import Role
from records.work_item import WorkItem, WorkItemRevision
from systems.base import content_hash
from tests.console.conftest import NOW, Console

PLACE = "/entries/operations/orderdesk/correct_address"
HEAD = "Order no;Street;House no;Postcode;City"
GOOD = "4800001;Hafenweg;12a;28195;Bremen"


def sheet(*rows: str) -> bytes:
    """A file as Excel writes it in German."""
    return "\r\n".join([HEAD, *rows]).encode("cp1252")


async def checked(client: httpx.AsyncClient, data: bytes) -> str:
    """Upload a good file; the address of its page."""
    answer = await client.post(PLACE, files={"file": ("rows.csv", data, "text/csv")}, data={"key": "k"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def text_of(client: httpx.AsyncClient, place: str) -> str:
    """A page as text with single spaces."""
    answer = await client.get(place)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


async def test_a_checked_file_shows_what_is_keyed_and_starts_nothing(ops: httpx.AsyncClient, console: Console) -> None:
    """Good, bad and repeated rows stand with their reasons by column, and exactly what is keyed, before any start."""
    place = await checked(ops, sheet(GOOD, "480;Hafenweg;;28195;Bremen", GOOD, "4800002;Straße;1;1067;Dresden"))

    bad, shown = await text_of(ops, place), await text_of(ops, f"{place}?show=new")

    assert "Order no: This does not look right; wanted: seven digits, as 4700123." in bad
    assert "House no: This is needed." in bad
    assert "Postcode: This does not look right" in bad
    assert '<span class="quiet">House no.</span> 12a' in shown
    assert "Start 1 row" in shown
    assert "also enter 1 row that repeats" in shown
    async with console.database.session() as session:
        assert not list(await session.exec(select(OutboxRow)))


async def test_a_start_asks_for_one_workflow_however_often_it_is_pressed(
    ops: httpx.AsyncClient, console: Console
) -> None:
    """Pressed twice, with the repeated row ticked: one outbox row of bulk priority, one line, and both rows chosen."""
    place = await checked(ops, sheet(GOOD, GOOD))

    with capture_logs() as lines:
        for _ in range(2):
            answer = await ops.post(f"{place}/starts", data={"repeated": "1"})
            assert answer.status_code == 303

    async with console.database.session() as session:
        (asked,) = list(await session.exec(select(OutboxRow)))
        chosen = list(await session.exec(select(EntryRow.number).where(EntryRow.chosen)))
    assert (asked.workflow_type, asked.workflow_id) == ("LegacyEntryWorkflow", f"legacy-entry/{place[9:]}")
    assert (asked.argument["priority"], asked.argument["fairness"]) == ("bulk", place[9:])
    assert chosen == [2, 3]
    assert [line["correlation"] for line in lines if line["event"] == "entries.kept"] == [asked.workflow_id]


async def test_the_template_reads_back(ops: httpx.AsyncClient) -> None:
    """Every operation that takes a file has a template whose columns are all known."""
    for operation in entry_sheet.operations():
        place = f"/entries/operations/{operation.system}/{operation.name}"
        template = (await ops.get(f"{place}/template.csv")).content
        answer = await ops.post(place, files={"file": ("t.csv", template, "text/csv")}, data={"key": ""})
        page = await text_of(ops, answer.headers["location"])

        assert "Passed over" not in page
        assert "No column for" not in page


async def test_money_is_not_paid_out_by_a_file(ops: httpx.AsyncClient) -> None:
    """Amounts have limits by role, so no file of rows keys them."""
    answer = await ops.get("/entries/operations/orderdesk/refund")

    assert answer.status_code == 404
    assert all(operation.kind is not Kind.AMOUNT for operation in entry_sheet.operations())


async def test_what_is_no_sheet_is_refused_with_a_reason(ops: httpx.AsyncClient) -> None:
    """A workbook, or columns of something else, come back with what to do, and nothing is kept."""
    for data, said in ((b"PK\x03\x04", "a damaged Excel workbook"), (b"a;b\n1;2", "does not name any column")):
        answer = await ops.post(PLACE, files={"file": ("rows.csv", data, "text/csv")}, data={"key": ""})

        assert answer.status_code == 422
        assert said in answer.text


async def test_results_come_back_with_reference_state_and_reason(ops: httpx.AsyncClient, console: Console) -> None:
    """Each row has its reference, confirmation, state and reason, and no cell of it runs in a spreadsheet."""
    place = await checked(ops, sheet(GOOD, "4800002;=cmd()!A1;1;28195;Bremen"))
    await ops.post(f"{place}/starts")
    await entered(console.database, place, {2: State.DONE, 3: State.REFUSED})

    answer = await ops.get(f"{place}/results.csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(row["row"], row["state"], row["confirmation"]) for row in rows] == [
        ("2", "done", "C-2"),
        ("3", "refused", ""),
    ]
    assert rows[1]["baton_reason"] == "The record is in a status that does not allow this change."
    assert rows[1]["Street"] == "'=cmd()!A1"


async def test_a_failed_row_has_a_page_of_its_own(ops: httpx.AsyncClient, console: Console) -> None:
    """It leads back to its file and row, and a supervisor can retry, correct, say done by hand, or discard there."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")
    (item_id,) = await entered(console.database, place, {2: State.REFUSED})
    supervisor = await console.signed_in(Role.SUPERVISOR)

    file, item = await text_of(ops, f"{place}?show=person"), await text_of(supervisor, f"/items/{item_id}")
    forms = [await supervisor.get(f"/items/{item_id}/{noun}") for noun in ("corrections", "hand-entries", "discards")]

    assert f'href="/items/{item_id}"' in file
    assert "rows.csv, row 2" in item
    assert f'action="/items/{item_id}/retries"' in item
    assert [form.status_code for form in forms] == [200, 200, 200]
    assert all(f'href="/items/{item_id}"' in form.text for form in forms)


async def test_progress_is_told_with_its_end(ops: httpx.AsyncClient, console: Console) -> None:
    """Done, waiting and with a person are counted, and the rest is promised a time at the rate of the last minutes."""
    place = await checked(ops, sheet(*(f"48000{number:02};Hafenweg;1;28195;Bremen" for number in range(10, 20))))
    await ops.post(f"{place}/starts")
    await entered(console.database, place, {2: State.DONE, 3: State.DONE, 4: State.REFUSED, 5: State.RUNNING})

    page = await text_of(ops, place)
    answer = (await ops.get(f"/api{place}")).json()

    assert "2 of 10 rows are done, 7 to come, 1 with a person." in page
    assert answer["rows"] == {"done": 2, "person": 1, "moving": 1, "queued": 6}
    assert answer["priority"] == "bulk"


async def test_a_program_checks_and_starts_a_file(ops: httpx.AsyncClient, console: Console) -> None:
    """The same by API: the counts come back, and a start is a start."""
    form = {"system": "orderdesk", "operation": "correct_address"}
    made = await ops.post("/api/entries", data=form, files={"file": ("rows.csv", sheet(GOOD, "x"), "text/csv")})
    place = f"/api/entries/{made.json()['id']}"

    started = await ops.post(f"{place}/starts")
    away = await ops.post(f"{place}/pauses")

    assert made.status_code == 201
    assert made.json()["rows"] == {"new": 1, "bad": 1}
    assert (started.status_code, started.json()["state"]) == (202, "started")
    assert (away.status_code, away.json()["kept"]) == (200, True)
    assert "Kept; delivered when Temporal is back" in await text_of(ops, place.removeprefix("/api"))


@pytest.mark.parametrize("data", [{"reason": ""}, {"reason": "no"}])
async def test_a_withdrawal_needs_a_reason(ops: httpx.AsyncClient, data: dict[str, str]) -> None:
    """Without one nothing is withdrawn, and the page says why."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")

    await ops.post(f"{place}/withdrawals", data=data)

    assert "Not withdrawn." in await text_of(ops, place)


async def test_an_agent_sees_a_file_and_starts_none(agent: httpx.AsyncClient, ops: httpx.AsyncClient) -> None:
    """Whoever may see cases may see what became of rows; starting is for those who start work."""
    place = await checked(ops, sheet(GOOD))

    assert (await agent.get(place)).status_code == 200
    assert "rows.csv" in (listed := await text_of(agent, "/entries"))
    assert "What is to be keyed?" not in listed
    assert (await agent.post(f"{place}/starts")).status_code == 403
    assert (await agent.get(PLACE)).status_code == 403


async def entered(database: Database, place: str, states: dict[int, State]) -> list[uuid.UUID]:
    """Work items of these rows, standing like this."""
    file_id = uuid.UUID(place.rpartition("/")[2])
    made = []
    async with database.session() as session:
        file = await session.get_one(EntryFile, file_id)
        assert file.state is FileState.STARTED
        wanted = select(EntryRow).where(EntryRow.file_id == file_id, col(EntryRow.number).in_(list(states)))
        for row in await session.exec(wanted):
            item = _item(row, states[row.number])
            session.add(item)
            await session.flush()
            content = row.content or {}
            revision = WorkItemRevision(
                item_id=item.id, number=1, content=content, content_hash=content_hash(content), author="ops", at=NOW
            )
            session.add(revision)
            made.append(item.id)
    return made


def _item(row: EntryRow, state: State) -> WorkItem:
    done = state is State.DONE
    return WorkItem(
        id=row.item_id,
        system="orderdesk",
        operation="correct_address",
        kind=Kind.CHANGE,
        target_key=str((row.content or {})["order_no"]),
        occurrence=f"legacy-entry/{row.file_id}/{row.number}",
        reference=f"BTN-{row.number:010}",
        state=state,
        priority=Priority.BULK,
        code="status_forbids" if state is State.REFUSED else "",
        confirmation=f"C-{row.number}" if done else None,
        wait_kind="window" if state is State.DEFERRED else "nothing",
        next_look_at=NOW + timedelta(days=1) if state is State.DEFERRED else None,
        wait_since=NOW,
        created_at=NOW,
        updated_at=NOW,
        ended_at=NOW if done else None,
    )


async def test_a_deferred_row_says_until_when_and_a_supervisor_may_run_it(
    ops: httpx.AsyncClient, console: Console
) -> None:
    """Its page tells the working hours that it waits for; only a supervisor is offered the way round them."""
    place = await checked(ops, sheet(GOOD))
    await ops.post(f"{place}/starts")
    (item_id,) = await entered(console.database, place, {2: State.DEFERRED})
    supervisor = await console.signed_in(Role.SUPERVISOR)

    seen, offered = await text_of(ops, f"/items/{item_id}"), await text_of(supervisor, f"/items/{item_id}")
    short = await supervisor.post(f"/items/{item_id}/early-runs", data={"reason": "no"})
    refused = await ops.post(f"/items/{item_id}/early-runs", data={"reason": "the customer waits"})

    assert "Waits for the working hours of the Order desk. Since <time" in seen
    assert "· bulk" in seen
    assert "Run outside the hours" not in seen
    assert f'href="/items/{item_id}/early-runs"' in offered
    assert (short.status_code, refused.status_code) == (422, 403)
