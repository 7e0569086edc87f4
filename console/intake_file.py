"""Reading a CSV file or a workbook as Excel writes it: a guess that is shown, every row checked, plain reasons."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from console import reports, workbook
from console.forms import FieldError

LARGEST = 5 * 1024 * 1024
"""Bytes."""
MOST_ROWS = 5_000
REASON = "baton_reason"
"""Our column in the file of bad rows; on the way in it is passed over."""

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_HOW_TO_SAVE = "In Excel choose File, Save as, and the type “CSV UTF-8 (comma delimited)”; then upload that file."
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
"""What a spreadsheet would run as a formula, also behind apostrophes that were put before it already."""
_SIGNATURES = {b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "a PDF"}
_ALIASES = {
    "order": "order_no", "orderno": "order_no", "ordernr": "order_no", "parcel": "parcel_no", "parcelnr": "parcel_no",
    "date": "failed_on", "reasontext": "reason_text", "drivernote": "driver_note", "remarks": "driver_note",
    "reporter": "reported_by", "contact": "contact_preference", "prefers": "contact_preference",
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """What a file is to hold: its columns with their titles and further names, and how a row is checked.

    `key` says when two rows are about the same; `dates` are the columns that hold days.
    """

    titles: Mapping[str, str]
    check: Callable[[Mapping[str, Any]], tuple[BaseModel | None, tuple[FieldError, ...]]]
    key: Callable[[Any], str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    most_rows: int = MOST_ROWS


REPORTS = Sheet(reports.TITLES, reports.check, lambda report: report.business_key, _ALIASES, ("failed_on",))
"""A file of failed deliveries."""


class FileRefused(ValueError):
    """This file cannot be read as a whole; `todo` says what to do about it."""

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.todo = todo


class Guess(BaseModel):
    """How the file was read, to be shown: what nobody said, and we had to find out."""

    model_config = ConfigDict(frozen=True)

    encoding: str
    delimiter: str
    dates: str
    mapped: dict[str, str]
    """Field name to the heading it was found under."""
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Fields without a column; their rows are bad when the field is needed."""

    @property
    def delimiter_word(self) -> str:
        """The delimiter in words."""
        return _DELIMITERS.get(self.delimiter, "the sheet itself")


class Row(BaseModel):
    """One row: its number as a spreadsheet shows it, its cells as they came, and the report or what is wrong."""

    model_config = ConfigDict(frozen=True)

    number: int
    cells: tuple[str, ...]
    report: BaseModel | None = None
    key: str = ""
    """What the row is about; empty for a bad one."""
    errors: tuple[FieldError, ...] = ()
    titles: Mapping[str, str] = {}
    """The words of the fields that are wrong."""
    repeats: int | None = None
    """The earlier row of this file that is about the same."""

    @property
    def problem(self) -> str | None:
        """All that is wrong with the row, as one text."""
        said = (f"{self.titles.get(error.field, error.field)}: {error.message}" for error in self.errors)
        return " ".join(said) or None


class Reading(BaseModel):
    """A whole file as it was read."""

    model_config = ConfigDict(frozen=True)

    guess: Guess
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read(data: bytes, sheet: Sheet = REPORTS) -> Reading:
    """Read and check a file; FileRefused when it is no CSV and no workbook, too large, or names none of our columns."""
    if len(data) > LARGEST:
        raise FileRefused("The file is larger than 5 MB.", "Split it into several files.")
    encoding, delimiter, records = _workbook(data, sheet) if data.startswith(workbook.BEGINS) else _csv(data, sheet)
    if not records:
        raise FileRefused("The file is empty.", "The first row names the columns; each row below it is one entry.")
    columns = tuple(heading.strip() for heading in records[0][1])
    places, unknown = _places(columns, sheet)
    kept = [(number, cells) for number, cells in records[1:] if any(cell.strip() for cell in cells)]
    if len(kept) > sheet.most_rows:
        raise FileRefused(f"The file has {len(kept):,} rows; at most {sheet.most_rows:,} are taken.", "Split the file.")
    rows = tuple(_repeats(_check(number, cells, columns, places, sheet) for number, cells in kept))
    guess = Guess(
        encoding=encoding,
        delimiter=delimiter,
        dates=_dates(kept, [places[name] for name in sheet.dates if name in places]),
        mapped={field: columns[place] for field, place in places.items()},
        unknown=unknown,
        missing=tuple(name for name in sheet.titles if name not in places),
    )
    return Reading(guess=guess, columns=columns, rows=rows)


def write(columns: Sequence[str], delimiter: str, rows: Iterable[tuple[Sequence[str], str]]) -> bytes:
    """Rows with a reason each, as a CSV that Excel opens well and that can be mended and uploaded again.

    Nothing in it runs as a formula: such cells carry an apostrophe in front, which `read` takes away.
    """
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter or ";")
    ours = next((place for place, heading in enumerate(columns) if _bare(heading) == _bare(REASON)), None)
    headings = [heading for place, heading in enumerate(columns) if place != ours]
    writer.writerow([*map(inert, headings), REASON])
    for cells, reason in rows:
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        kept = [cell for place, cell in enumerate(padded) if place != ours]
        # Cells beyond the headings come after the reason, or they would take its place.
        writer.writerow([*map(inert, kept[: len(headings)]), inert(reason), *map(inert, kept[len(headings) :])])
    return b"\xef\xbb\xbf" + sink.getvalue().encode()


def inert(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _typed(cell: str) -> str:
    """A cell without the apostrophe that made it inert."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def _csv(data: bytes, sheet: Sheet) -> tuple[str, str, list[tuple[int, list[str]]]]:
    text, encoding = _decode(data)
    return encoding, *_records(text, sheet)


def _workbook(data: bytes, sheet: Sheet) -> tuple[str, str, list[tuple[int, list[str]]]]:
    try:
        name, records = workbook.read(data, sheet.most_rows)
    except workbook.NoWorkbookError as trouble:
        raise FileRefused(str(trouble), _HOW_TO_SAVE) from None
    return f"Excel workbook, sheet “{name}”", "", [(number, [_typed(cell) for cell in row]) for number, row in records]


def _decode(data: bytes) -> tuple[str, str]:
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise FileRefused(f"This is {what}, no CSV file and no workbook (.xlsx).", _HOW_TO_SAVE)
    if b"\0" in data:
        raise FileRefused("This is not a text file.", _HOW_TO_SAVE)
    for encoding, title in (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (text[1:], "UTF-8 with a mark at the start") if text.startswith("\ufeff") else (text, title)
    raise FileRefused("The letters of this file are neither UTF-8 nor Windows-1252.", _HOW_TO_SAVE)


def _records(text: str, sheet: Sheet) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter, and the records that are not blank with their numbers as a spreadsheet shows them."""
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=([,;\t])\s*", first, re.IGNORECASE)  # Excel's own hint, a line that it does not show
    if told:
        delimiter, text = told[1], rest
    else:
        delimiter = max(_DELIMITERS, key=lambda candidate: _fit(text, candidate, sheet))
    try:
        return delimiter, list(_numbered(text, delimiter))
    except csv.Error as trouble:
        raise FileRefused(f"The file cannot be read as CSV: {trouble}.", _HOW_TO_SAVE) from None


def _numbered(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            if any(cell.strip() for cell in cells):
                yield number, [_typed(cell) for cell in cells]
    except csv.Error as trouble:
        raise csv.Error(f"in row {number + 1}, {trouble}") from None


def _fit(text: str, delimiter: str, sheet: Sheet) -> tuple[int, int]:
    """How well the headings read with this delimiter: fields that are known, then columns."""
    try:
        headings = next((cells for _, cells in _numbered(text, delimiter)), [])
    except csv.Error:
        return 0, 0
    return sum(1 for heading in headings if _field(heading, sheet)), len(headings)


def _places(columns: Sequence[str], sheet: Sheet) -> tuple[dict[str, int], tuple[str, ...]]:
    """Where each field stands, and the headings that are not ours. FileRefused when nothing fits, or twice."""
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, heading in enumerate(columns):
        name = _field(heading, sheet)
        if name in places:
            raise FileRefused(
                f"Two columns are both “{sheet.titles[name]}”: “{columns[places[name]]}” and “{heading}”.",
                "Keep one of them.",
            )
        if name is not None:
            places[name] = place
        elif heading and _bare(heading) != _bare(REASON):
            unknown.append(heading)
    if not places:
        wanted = ", ".join(sheet.titles)
        raise FileRefused("The first row does not name any column we know.", f"Known columns are: {wanted}.")
    return places, tuple(unknown)


def _field(heading: str, sheet: Sheet) -> str | None:
    bare = _bare(heading)
    for name, title in sheet.titles.items():
        if bare in (_bare(name), _bare(title)):
            return name
    return sheet.aliases.get(bare)


def _bare(heading: str) -> str:
    return re.sub(r"[\W_]+", "", heading.casefold())


def _check(number: int, cells: Sequence[str], columns: Sequence[str], places: dict[str, int], sheet: Sheet) -> Row:
    loose = any(cell.strip() for place, cell in enumerate(cells) if place >= len(columns) or not columns[place])
    values: dict[str, Any] = {field: cells[place] for field, place in places.items() if place < len(cells)}
    report, errors = sheet.check(values)
    if loose:
        extra = FieldError(field="Row", message="There is text below no heading; is there a delimiter inside a text?")
        report, errors = None, (*errors, extra)
    key = sheet.key(report) if report is not None else ""
    titles = {error.field: sheet.titles.get(error.field, error.field) for error in errors}
    return Row(number=number, cells=tuple(cells), report=report, key=key, errors=errors, titles=titles)


def _repeats(rows: Iterable[Row]) -> Iterator[Row]:
    first: dict[str, int] = {}
    for row in rows:
        if row.report is None:
            yield row
            continue
        earlier = first.setdefault(row.key, row.number)
        yield row if earlier == row.number else row.model_copy(update={"repeats": earlier})


def _dates(kept: Sequence[tuple[int, Sequence[str]]], places: Sequence[int]) -> str:
    """How dates were read, with the first one that could also be read month first."""
    cells_of = (cells[place].strip() for _, cells in kept for place in places if place < len(cells))
    texts = [text for text in cells_of if reports.read_date(text)]
    iso = [text for text in texts if re.match(r"\d{4}-", text)]
    if len(iso) == len(texts):
        return "year first (2026-11-13)" if iso else "none found"
    turned = (text for text in texts if text not in iso and _turns(text))
    shown = next(turned, next(text for text in texts if text not in iso))
    day = reports.read_date(shown)
    order = "year first and day first" if iso else "day first"
    return f"{order} ({shown} is {day.day} {day.strftime('%B %Y')})" if day else order


def _turns(text: str) -> bool:
    day, month = re.split(r"[./-]", text)[:2]
    return int(day) <= 12 and day.lstrip("0") != month.lstrip("0")
