"""Files of work: looked at first, started once, found again; bad rows come back as a file."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from console import file_starts, intake_file
from console.file_starts import BATCH, FileStarts
from records import intake_files
from records.case import Case
from records.database import Database
from records.intake import HandedIn
from records.intake_files import Fate
from records.outbox import OutboxRow
from records.submission import IntakeFile, IntakeRow, Submission
from tests.console.conftest import NOW, Console
from tests.console.test_start_work import REPORT, count

DEMO = Path(__file__).resolve().parents[2] / "demo" / "data" / "failed_deliveries.csv"
HEAD = "order_no;parcel_no;failed_on;reason_text"


def rows(number: int, first: int = 0) -> bytes:
    """A file of that many good rows."""
    lines = (f"{4700000 + n};P-{88000000 + n};10.11.2026;nobody home" for n in range(first, first + number))
    return "\n".join([HEAD, *lines]).encode()


async def upload(client: httpx.AsyncClient, data: bytes, name: str = "work.csv", key: str = "") -> httpx.Response:
    return await client.post("/files", files={"file": (name, data, "text/csv")}, data={"key": key})


async def checked(client: httpx.AsyncClient, data: bytes) -> str:
    """Upload a good file; the address of its page."""
    answer = await upload(client, data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def counts_of(console: Console, place: str) -> intake_files.FileCounts:
    file_id = (await kept(console, place)).id
    async with console.database.session() as session:
        return (await intake_files.counts(session, file_id))[file_id]


async def kept(console: Console, place: str) -> IntakeFile:
    async with console.database.session() as session:
        return (await session.exec(select(IntakeFile).where(IntakeFile.id == place.rpartition("/")[2]))).one()


async def finished(console: Console, place: str) -> None:
    """Wait for the file's background run."""
    starts: FileStarts = console.app.state.file_starts
    await asyncio.gather(*starts._running.values())


async def test_looking_at_a_file_starts_nothing(ops: httpx.AsyncClient, console: Console) -> None:
    """The page of an uploaded file shows the guess, the counts and the reasons, and no case exists yet."""
    place = await checked(ops, DEMO.read_bytes())

    page = (await ops.get(place)).text
    assert "Start 36 rows" in page
    assert "Nothing has started, and nobody has been told." in page
    assert "semicolon" in page
    assert "40, of which 37 good and 3 bad" in page
    assert "Attempt: A whole number, please." in page
    assert [await count(console.database, table) for table in (Case, OutboxRow, Submission)] == [0, 0, 0]


async def test_starting_a_file_hands_in_every_good_row(ops: httpx.AsyncClient, console: Console) -> None:
    """Pressing Start opens one case for each new row; the repeated row finds the case of the first."""
    place = await checked(ops, DEMO.read_bytes())

    await ops.post(f"{place}/starts")
    await finished(console, place)

    counts = await counts_of(console, place)
    assert (counts.of(Fate.STARTED), counts.of(Fate.SAME), counts.of(Fate.BAD), counts.left) == (36, 1, 3, 0)
    assert await count(console.database, Case) == 36
    assert "36 started, 1 were there already, 0 proposed changes" in (await ops.get(place)).text


async def test_pressing_start_often_starts_nothing_twice(ops: httpx.AsyncClient, console: Console) -> None:
    """Ten presses at the same moment, in two consoles, hand each row in once."""
    place = await checked(ops, rows(60))
    file = await kept(console, place)
    elsewhere = FileStarts(console.parts)

    await asyncio.gather(*(ops.post(f"{place}/starts") for _ in range(10)), elsewhere.start(file))
    await finished(console, place)
    await elsewhere.start(file)

    assert await count(console.database, Submission) == 60
    assert await count(console.database, Case) == 60
    assert (await kept(console, place)).started_by == "ops@example.org"


async def test_a_start_that_was_cut_off_goes_on(ops: httpx.AsyncClient, console: Console) -> None:
    """When the process dies half-way the rows that are left stay in the file, and pressing again hands in those."""
    place = await checked(ops, rows(BATCH * 3))
    file = await kept(console, place)
    async with console.database.session() as session:
        await intake_files.start(session, file.id, "ops@example.org", NOW)
        await intake_files.hand_in_some(session, file, _handed, NOW, limit=BATCH)

    page = (await ops.get(place)).text
    await ops.post(f"{place}/starts")
    await finished(console, place)

    assert f"Go on with {BATCH * 2} rows" in page
    assert await count(console.database, Submission) == BATCH * 3


def _handed(content: dict[str, object]) -> HandedIn:
    return file_starts._work(content, IntakeFile(journey="failed-delivery", name="", uploaded_by="ops@example.org"))


async def test_a_start_without_a_database_keeps_the_rows(ops: httpx.AsyncClient, console: Console) -> None:
    """When the database goes away while a file starts, nothing is lost and nothing raises."""
    place = await checked(ops, rows(3))
    away = replace(console.parts, database=Database("postgresql://nobody@127.0.0.1:9/none"))

    await FileStarts(away).start(await kept(console, place))

    assert (await counts_of(console, place)).left == 3


async def test_a_large_file_is_started_in_the_background(ops: httpx.AsyncClient, console: Console) -> None:
    """With 400 rows the press answers in seconds, the page says how far it is, and the file is found under Files."""
    place = await checked(ops, rows(400))

    answer = await ops.post(f"{place}/starts")
    page, listed = (await ops.get(place)).text, (await ops.get("/files")).text
    await finished(console, place)

    assert answer.status_code == 303
    assert re.search(r"\d+ of 400 rows are handed in|All handed in", page)
    assert "work.csv" in listed
    assert (await counts_of(console, place)).of(Fate.STARTED) == 400


async def test_rows_that_have_a_case_are_told_before_the_start(ops: httpx.AsyncClient, console: Console) -> None:
    """A row about a delivery that has a case is counted apart, and afterwards is the same or a proposed change."""
    await ops.post("/failed-deliveries", data=REPORT)
    place = await checked(ops, (HEAD + "\n4700123;P-88112388;19.11.2026;moved away\n").encode() + rows(1)[len(HEAD) :])

    before = await counts_of(console, place)
    await ops.post(f"{place}/starts")
    await finished(console, place)
    after = await counts_of(console, place)

    assert (before.of(Fate.KNOWN), before.of(Fate.NEW)) == (1, 1)
    assert (after.of(Fate.PROPOSED), after.of(Fate.STARTED)) == (1, 1)


async def test_bad_rows_come_back_as_a_file(ops: httpx.AsyncClient) -> None:
    """The download has the same columns and a reason; mended, its rows are good; nothing in it runs as a formula."""
    data = HEAD.encode() + b"\n4700101;P-88112300;31.11.2026;=1+1\n4700102;P-88112301;10.11.2026;fine\n"
    place = await checked(ops, data)

    answer = await ops.get(f"{place}/bad-rows.csv")

    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''work-bad-rows.csv"
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0] == f"{HEAD};baton_reason"
    assert "'=1+1" in text
    assert len(text.splitlines()) == 2
    mended = intake_file.read(answer.content.replace(b"31.11.2026", b"30.11.2026"))
    assert [row.report.model_dump()["reason_text"] for row in mended.rows if row.report] == ["=1+1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "This is a damaged Excel workbook, or another kind of archive."),
        (b"", "The file is empty."),
        (b"a;b\n1;2\n", "The first row does not name any column we know."),
    ],
)
async def test_a_file_that_is_none_is_refused_in_words(
    ops: httpx.AsyncClient, console: Console, data: bytes, said: str
) -> None:
    """The page to upload comes back with 422, what is wrong and how to save the file; nothing is kept."""
    answer = await upload(ops, data)

    assert answer.status_code == 422
    assert said in answer.text
    assert await count(console.database, IntakeFile) == 0


async def test_a_file_over_its_limit_is_refused(ops: httpx.AsyncClient) -> None:
    """More than 5 MB are answered 413 with a plain sentence."""
    answer = await upload(ops, b"x" * (5 * 1024 * 1024 + 1))

    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.text


async def test_a_file_sent_twice_by_one_form_is_kept_once(ops: httpx.AsyncClient, console: Console) -> None:
    """A double click on Check leads to one file; another file through the same form is another."""
    first = await upload(ops, rows(2), key="form")
    again = await upload(ops, rows(2), key="form")
    other = await upload(ops, rows(3), key="form")

    assert first.headers["location"] == again.headers["location"] != other.headers["location"]
    assert await count(console.database, IntakeFile) == 2


async def test_cells_of_a_file_are_shown_as_text(ops: httpx.AsyncClient) -> None:
    """Markup in a file's name or cells is shown, never run."""
    answer = await upload(ops, rows(1) + b"\n1;2;3;<script>alert(1)</script>\n", name="<img src=x>.csv")

    page = (await ops.get(answer.headers["location"])).text
    assert "<script>alert" not in page
    assert "&lt;img src=x&gt;.csv" in page


async def test_rows_keep_their_order_and_their_numbers(ops: httpx.AsyncClient, console: Console) -> None:
    """Cases are numbered in the order of the file's rows."""
    place = await checked(ops, rows(40))

    await ops.post(f"{place}/starts")
    await finished(console, place)

    async with console.database.session() as session:
        asked = (
            select(IntakeRow.number, Case.order_no)
            .join(Submission, col(Submission.id) == col(IntakeRow.submission_id))
            .join(Case, col(Case.id) == col(Submission.case_id))
            .order_by(col(Case.number))
        )
        found = list(await session.exec(asked))
    assert [number for number, _ in found] == list(range(2, 42))
    assert [order for _, order in found] == [str(4700000 + n) for n in range(40)]


async def test_a_file_that_is_not_there_is_not_found(ops: httpx.AsyncClient) -> None:
    """An unknown file is answered 404 on each of its pages."""
    unknown = "/files/00000000-0000-0000-0000-000000000007"

    statuses = [(await ops.get(f"{unknown}{page}")).status_code for page in ("", "/bad-rows.csv")]

    assert [*statuses, (await ops.post(f"{unknown}/starts")).status_code] == [404, 404, 404]
