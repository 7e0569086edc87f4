"""Any operation as a sheet of rows: its columns, how a row is checked, and which operations can be entered that way."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from console.forms import FieldError, field_errors
from console.intake_file import Sheet
from console.reports import read_date
from core.outcome import keepable
from core.work_item import Kind
from systems.base import Operation
from systems.registry import SYSTEMS

MOST_ROWS = 10_000
_GERMAN = re.compile(r"-?\d{1,3}(\.?\d{3})*,\d{1,2}")
_BETWEEN = re.compile(r"[\s,;|]+")


def operations() -> list[Operation]:
    """What can be entered from a file, by system. Reading enters nothing, and an amount of money is a person's word."""
    every = (operation for system in SYSTEMS.values() for operation in system.operations.values())
    return [operation for operation in every if operation.kind not in (Kind.READ, Kind.AMOUNT)]


def find(system: str, operation: str) -> Operation | None:
    """The operation, if it can be entered from a file."""
    return next((known for known in operations() if (known.system, known.name) == (system, operation)), None)


def sheet_of(operation: Operation) -> Sheet:
    """The columns of an operation's file, and the check of its rows."""
    fields = operation.entry.model_fields
    return Sheet(
        titles=titles(operation),
        check=lambda values: check(operation, values),
        key=lambda entry: entry.model_dump_json(),
        dates=tuple(name for name, info in fields.items() if _bare(info.annotation) is date),
        most_rows=MOST_ROWS,
    )


def titles(operation: Operation) -> dict[str, str]:
    """Field name to the words of its column."""
    fields = operation.entry.model_fields.items()
    return {name: info.title or name.replace("_", " ").capitalize() for name, info in fields}


def wanted(operation: Operation) -> list[tuple[str, str, str]]:
    """Each column by name and title, with what stands in it, in words."""
    named = titles(operation)
    return [
        (name, named[name], (info.description or _words(info)) + ("" if info.is_required() else ", may be left out"))
        for name, info in operation.entry.model_fields.items()
    ]


def check(operation: Operation, values: Mapping[str, Any]) -> tuple[BaseModel | None, tuple[FieldError, ...]]:
    """The entry made from a row's cells, or what is wrong with it, column by column. Empty cells count as left out."""
    fields = operation.entry.model_fields
    texts = {name: str(value).strip() for name, value in values.items() if name in fields and str(value).strip()}
    unkept = [name for name, text in texts.items() if keepable(text) != text]
    if unkept:
        message = "This holds a character that cannot be kept."
        return None, tuple(FieldError(field=name, message=message) for name in unkept)
    given = {name: _read(text, _bare(fields[name].annotation)) for name, text in texts.items()}
    try:
        entry = operation.entry.model_validate(given)
        operation.parts_of(entry)
    except ValidationError as trouble:
        # One sentence for a column: what is wrong with a part of it makes the whole of it wrong as well.
        wrong: dict[str, str] = {}
        for error in field_errors(trouble.errors(), operation.entry):
            wrong.setdefault(error.field.partition(".")[0] or "Row", error.message)
        return None, tuple(FieldError(field=name, message=message) for name, message in wrong.items())
    return entry, ()


def _read(text: str, kind: Any) -> Any:
    """A cell as its field wants it; what cannot be read stays as it is, for the model to refuse."""
    if kind is date:
        return read_date(text) or text
    if kind is Decimal and _GERMAN.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if get_origin(kind) is tuple:
        return [part for part in _BETWEEN.split(text) if part]
    return text


def _bare(annotation: Any) -> Any:
    """The type below Optional and Annotated."""
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(kind for kind in get_args(annotation) if kind is not type(None)))
    return annotation


def _words(info: FieldInfo) -> str:
    kind = _bare(info.annotation)
    if kind is date:
        return "a date, as 13.11.2026 or 2026-11-13"
    if get_origin(kind) is tuple:
        return "one or several, with spaces between"
    choices = get_args(kind)
    if choices:
        return f"one of {', '.join(map(str, choices))}"
    longest = next((rule.max_length for rule in info.metadata if getattr(rule, "max_length", None)), None)
    text = f"text of at most {longest} characters" if longest else "text"
    return {int: "a whole number", Decimal: "an amount, as 12.50 or 12,50"}.get(kind, text)
