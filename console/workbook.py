"""Reading an Excel workbook: the first sheet that holds something, each cell as the text that a person would type."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

BEGINS = b"PK\x03\x04"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_COLUMNS = 200
UNPACKED = 200 * 1024 * 1024
"""Bytes: a small archive that unpacks to more than this is no sheet that somebody has typed."""


class NoWorkbookError(ValueError):
    """These bytes are an archive, but no workbook that can be read; the message is a sentence."""


def read(data: bytes, most_rows: int) -> tuple[str, list[tuple[int, list[str]]]]:
    """The sheet's name, and its rows that are not blank with their numbers; of more than `most_rows`, one more."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED:
                raise NoWorkbookError("This workbook is far larger than it looks.")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return _first(book, most_rows)
    except (zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, KeyError, OSError, EOFError):
        raise NoWorkbookError("This is a damaged Excel workbook, or another kind of archive.") from None


def write(columns: list[str]) -> bytes:
    """An empty workbook with these headings. What is typed below them stays text, so that no zero in front is lost."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Baton")
    for place in range(len(columns)):
        sheet.column_dimensions[_letter(place)].number_format = "@"
        sheet.column_dimensions[_letter(place)].width = max(14, len(columns[place]) + 2)
    sheet.append(columns)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _first(book: Any, most_rows: int) -> tuple[str, list[tuple[int, list[str]]]]:
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for sheet in shown:
        sheet.reset_dimensions()  # what a sheet says of its own size is often wrong
        rows = []
        for row in _rows(sheet):
            rows.append(row)
            if len(rows) > most_rows + 1:  # with the headings
                break
        if rows:
            return str(sheet.title), rows
    return (str(shown[0].title) if shown else "none"), []


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            yield number, texts


def _text(cell: Any) -> str:
    """The cell as typed: days as ISO dates, whole numbers without a point, zeros in front as the format shows them."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        shown = str(getattr(cell, "number_format", ""))
        return str(value).zfill(len(shown)) if set(shown) == {"0"} else str(value)
    return str(value)


def _letter(place: int) -> str:
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)
