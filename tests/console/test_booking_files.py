"""Files of bookings and Excel workbooks: the same intake as for deliveries, the same check as the form."""

import io
from datetime import datetime, timedelta
from typing import Any

from openpyxl import Workbook
from sqlmodel import select

from console import intake_file, workbook
from console.booking_forms import COLUMNS
from records.case import Case
from records.intake_files import Fate
from records.outbox import OutboxRow
from records.people import Role
from tests.console.conftest import NOW, Console
from tests.console.test_bookings import BOOKING, DAY
from tests.console.test_files import counts_of, finished

GOOD = {**BOOKING, "day_1": DAY.strftime("%d.%m.%Y"), "skill": "Heating", "slot_1": "10:00 to 12:00"}


def written(*rows: dict[str, Any], sheet: str = "Bookings") -> bytes:
    """A workbook with the columns of the template, as somebody fills it in."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    page.append(list(COLUMNS.values()))
    for row in rows:
        page.append([row.get(name, "") for name in COLUMNS])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


async def test_good_rows_become_bookings_and_bad_ones_come_back_with_reasons(console: Console) -> None:
    """The template filled in: a good row is a booking's case, started once; a bad one is returned with its reason."""
    ops = await console.signed_in(Role.OPS)
    near = {**GOOD, "day_1": NOW.date().strftime("%d.%m.%Y"), "reference": "NEAR"}
    data = written({**GOOD, "reference": "A-1"}, near, {**GOOD, "reference": "A-1"}, {**GOOD, "skill": "gardening"})

    template = await ops.get("/files/templates/booking-dispatch.xlsx")
    sent = {"file": ("july.xlsx", data, workbook.TYPE)}
    place = (await ops.post("/files", files=sent, data={"journey": "booking-dispatch"})).headers["location"]
    looked = (await ops.get(place)).text
    for _ in range(2):
        await ops.post(f"{place}/starts")
        await finished(console, place)
    bad = (await ops.get(f"{place}/bad-rows.csv")).text

    assert workbook.read(template.content, 10) == ("Baton", [(1, list(COLUMNS.values()))])
    assert "Excel workbook, sheet “Bookings”" in looked
    counts = await counts_of(console, place)
    assert [counts.of(fate) for fate in (Fate.STARTED, Fate.SAME, Fate.BAD)] == [1, 1, 2]
    assert "First choice: Tomorrow at the earliest" in bad
    assert "What is to be done: One of: white goods, heating" in bad
    async with console.database.session() as session:
        (case,) = await session.exec(select(Case))
        (row,) = await session.exec(select(OutboxRow))
    assert (case.number[:3], row.workflow_type) == ("BK-", "BookingDispatchWorkflow")
    report = row.argument["report"]
    assert (report["skill"], report["slot_1"], report["day_1"]) == ("2", "2", DAY.isoformat())
    assert row.argument["priority"] == "bulk"


async def test_a_file_that_cannot_be_read_is_refused_on_the_page_it_came_from(console: Console) -> None:
    """A file of deliveries uploaded as bookings: the booking page says which columns are known, and nothing is kept."""
    ops = await console.signed_in(Role.OPS)
    sent = {"file": ("x.csv", b"a;b\n1;2", "text/csv")}

    refused = await ops.post("/files", files=sent, data={"journey": "booking-dispatch"})
    unknown = await ops.post("/files", files=sent, data={"journey": "nothing"})

    assert (refused.status_code, unknown.status_code) == (422, 404)
    assert "Known columns are: name, phone" in refused.text
    assert "Hand in" in refused.text


def test_a_workbook_is_read_as_it_is_typed() -> None:
    """Days, whole numbers, zeros in front, blank rows and hidden sheets: the text is what a person would have typed."""
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["not", "this"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    page = book.create_sheet("Work")
    page.append(["order", "parcel", "date", "attempt", "reasontext"])
    page.append([])
    page.append([4700123.0, "P-88112388", datetime(2026, 11, 10), 1, "nobody home"])  # noqa: DTZ001 - as Excel keeps it
    page.append([123, "P-88112389", NOW.date() - timedelta(days=1), None, None, "lost"])
    page["A4"].number_format = "0000000"
    sink = io.BytesIO()
    book.save(sink)

    reading = intake_file.read(sink.getvalue())

    first, second = reading.rows
    assert (first.number, first.key, first.problem) == (3, "4700123/P-88112388/1", None)
    assert second.cells[0] == "0000123"
    assert "Reason: This is needed." in (second.problem or "")
    assert reading.guess.encoding == "Excel workbook, sheet “Work”"
    assert intake_file.write(reading.columns, reading.guess.delimiter, []).startswith(b"\xef\xbb\xbforder;parcel")


def test_an_archive_that_is_far_larger_than_it_looks_is_refused(monkeypatch: Any) -> None:
    """What unpacks to more than a sheet can hold is refused before it is unpacked."""
    monkeypatch.setattr(workbook, "UNPACKED", 1000)
    refused = ""

    try:
        intake_file.read(written(GOOD))
    except intake_file.FileRefused as trouble:
        refused = str(trouble)

    assert refused == "This workbook is far larger than it looks."
