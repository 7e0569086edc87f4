"""A file on its way in: what Excel writes is read, what is wrong is said row by row, and nothing in it can run."""

import contextlib
import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import intake_file, reports
from console.intake_file import FileRefused

HEAD = "order_no;parcel_no;failed_on;reason_text"
ROW = "4700123;P-88112388;10.11.2026;nobody home"
DEMO = Path(__file__).resolve().parents[2] / "demo" / "data" / "failed_deliveries.csv"

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def read(text: str, encoding: str = "utf-8") -> intake_file.Reading:
    return intake_file.read(text.encode(encoding))


def sheet(*rows: list[str], delimiter: str = ";") -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter).writerows(rows)
    return sink.getvalue()


def test_the_demo_file_has_three_bad_rows_with_reasons() -> None:
    """The file that comes with Baton is read with its delimiter, and exactly its three bad rows are told apart."""
    reading = intake_file.read(DEMO.read_bytes())

    bad = {row.number: [error.field for error in row.errors] for row in reading.rows if row.errors}

    assert reading.guess.delimiter_word == "semicolon"
    assert len(reading.rows) == 40
    assert bad == {11: ["failed_on"], 20: ["order_no"], 30: ["attempt"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "title"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with a mark at the start"), ("cp1252", "Windows-1252")],
)
def test_delimiter_and_encoding_are_found_out(delimiter: str, encoding: str, title: str) -> None:
    """Comma, semicolon and tab, in each encoding that Excel writes, give the same report."""
    rows = sheet(HEAD.split(";"), ["4700123", "P-88112388", "10.11.2026", "Tür verschlossen"], delimiter=delimiter)

    reading = read(rows, encoding)

    assert (reading.guess.delimiter, reading.guess.encoding) == (delimiter, title)
    assert reading.rows[0].report is not None
    assert reading.rows[0].report.model_dump()["reason_text"] == "Tür verschlossen"


@pytest.mark.parametrize("heading", ["Order number", "ORDER_NO", " order no ", "Order-No.", "order", "order   Number"])
def test_headings_match_forgivingly(heading: str) -> None:
    """Case, spaces, punctuation and the form's own words do not matter in a heading."""
    reading = read(f"{heading};parcel_no;failed_on;reason_text\n{ROW}\n")

    assert reading.guess.mapped["order_no"] == heading.strip()
    assert reading.rows[0].report is not None


def test_unknown_and_missing_columns_are_said() -> None:
    """A column that is not ours is named and passed over; a field without a column is named too."""
    reading = read("order_no;parcel_no;weather;failed_on\n4700123;P-88112388;rain;10.11.2026\n")

    assert reading.guess.unknown == ("weather",)
    assert "reason_text" in reading.guess.missing
    assert reading.rows[0].problem == "Reason: This is needed."


@given(day=days, style=st.sampled_from(["%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d-%m-%Y"]))
def test_dates_are_read_day_first(day: date, style: str) -> None:
    """Every way in which the day comes first, and ISO, give the day that was written."""
    assert reports.read_date(day.strftime(style)) == day


@pytest.mark.parametrize("text", ["31.11.2026", "11/25/2026", "2026-13-01", "tomorrow", "1.2", "10.11.126", "0.0.00"])
def test_a_date_that_does_not_exist_is_no_date(text: str) -> None:
    """A day that does not exist, or comes month first, is never turned into another day."""
    assert reports.read_date(text) is None


def test_the_guess_shows_a_date_that_could_be_read_otherwise() -> None:
    """Of all dates the one is shown that month-first readers would take for another day."""
    reading = read(f"{HEAD}\n4700123;P-88112388;13/11/2026;x\n4700124;P-88112389;4/3/26;x\n")

    assert reading.guess.dates == "day first (4/3/26 is 4 March 2026)"


def test_quoted_cells_may_hold_lines_and_delimiters() -> None:
    """A note over several lines stays one cell, and the numbers of the rows below it are those of the spreadsheet."""
    reading = read(f'{HEAD};driver_note\n{ROW};"line one\nline; two"\n\n4700124;P-88112389;11.11.2026;x;"""no"""\n')

    first, second = (row.report for row in reading.rows)
    assert first is not None
    assert first.model_dump()["driver_note"] == "line one\nline; two"
    assert second is not None
    assert second.model_dump()["driver_note"] == '"no"'
    assert [row.number for row in reading.rows] == [2, 4]


def test_empty_rows_and_excels_own_hint_are_passed_over() -> None:
    """Blank lines, rows of empty cells and the line `sep=;` are no reports."""
    reading = read(f"sep=;\n\n{HEAD}\n;;;\n{ROW}\n   ;\n")

    assert len(reading.rows) == 1


def test_a_row_that_repeats_another_is_marked() -> None:
    """The second report of the same order, parcel and attempt names the row of the first."""
    reading = read(f"{HEAD}\n{ROW}\n{ROW}\n")

    assert [row.repeats for row in reading.rows] == [None, 2]


def test_text_below_no_heading_makes_a_row_bad() -> None:
    """A stray delimiter shifts cells, so a row with more cells than headings is given back."""
    reading = read(f"{HEAD}\n{ROW};and more\n")

    assert reading.rows[0].report is None
    assert "no heading" in (reading.rows[0].problem or "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04rest of a workbook", "a damaged Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"order_no;\0parcel", "not a text file"),
        ("order_no\tparcel_no".encode("utf-16"), "not a text file"),
        (b"a;b\x81\xff", "neither UTF-8 nor Windows-1252"),
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"4700123;P-88112388;10.11.2026;x\n", "does not name any column"),
        (f"{HEAD};order number\n{ROW};1\n".encode(), "Two columns are both"),
        (f'{HEAD}\n4700123;"never closed\n'.encode(), "cannot be read as CSV"),
        (b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_csv_is_refused_with_a_reason(data: bytes, said: str) -> None:
    """A workbook, binary data, an empty or headless file and one that is too large are refused in plain words."""
    with pytest.raises(FileRefused, match=said):
        intake_file.read(data)


def test_more_rows_than_the_limit_are_refused() -> None:
    """A file with 5,001 rows is refused; one with 5,000 is read."""
    rows = "\n".join([HEAD, *[ROW] * 5_000])

    assert len(read(rows).rows) == 5_000
    with pytest.raises(FileRefused, match="5,001 rows"):
        read(f"{rows}\n{ROW}")


@given(cells=st.lists(texts, min_size=4, max_size=6), reason=texts, delimiter=st.sampled_from(",;\t"))
def test_bad_rows_come_back_as_they_were(cells: list[str], reason: str, delimiter: str) -> None:
    """Writing bad rows and reading them again gives the same cells, whatever stood in them."""
    columns = HEAD.split(";")
    written = intake_file.write(columns, delimiter, [([*cells[:3], "x" + cells[3], *cells[4:]], "z" + reason)])

    reading = intake_file.read(written)

    row = reading.rows[0]
    assert reading.columns == (*columns, "baton_reason")
    assert row.cells[:4] == (*cells[:3], "x" + cells[3])
    assert row.cells[5:] == tuple(cells[4:])


@given(cell=texts, lead=st.sampled_from(["", " ", "\t", "'", "''", "=", "+", "-", "@", "\r", "＝", " ="]))
def test_no_cell_of_ours_runs_as_a_formula(cell: str, lead: str) -> None:
    """A cell of the bad rows never begins with what a spreadsheet would run, and keeps its text."""
    written = intake_file.inert(lead + cell)

    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert intake_file._typed(written) == lead + cell


def test_a_mended_file_of_bad_rows_is_taken() -> None:
    """The download keeps headings and delimiter, adds the reason, and is good once the value is mended."""
    first = read(f"{HEAD}\n4700123;P-88112388;31.11.2026;=nobody home\n")
    rows = [(row.cells, row.problem or "") for row in first.rows]
    written = intake_file.write(first.columns, first.guess.delimiter, rows)

    again = intake_file.read(written.replace(b"31.11.2026", b"30.11.2026"))

    assert b"'=nobody home" in written
    assert again.guess.unknown == ()
    assert again.rows[0].report is not None
    assert again.rows[0].report.model_dump()["reason_text"] == "=nobody home"


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No file of whatever content does anything but be read or be refused in words."""
    with contextlib.suppress(FileRefused):
        reading = intake_file.read(HEAD.encode() + b"\n" + data)

        assert all((row.report is None) == bool(row.errors) for row in reading.rows)


@given(values=st.dictionaries(st.sampled_from([*reports.TITLES, "other"]), texts | st.integers() | st.none()))
def test_any_values_make_a_report_or_sentences(values: dict[str, object]) -> None:
    """Whatever is typed or sent, there is a report, or a sentence for each field that is wrong."""
    report, errors = reports.check(values)

    assert (report is None) == bool(errors)
    assert all(error.message for error in errors)


@given(ahead=st.integers(0, 400))
def test_a_form_date_is_kept(ahead: int) -> None:
    """A date as a browser's date field sends it is the same day."""
    day = date(2026, 1, 1) + timedelta(days=ahead)

    assert reports.read_date(day.isoformat()) == day
