"""The decision table's own guard: what the engine would silently skip is refused when it is loaded."""

import copy
from typing import Any

import pytest

from decisions.root_cause import RULE, VERSION, _read
from decisions.table import BadTable, Table


@pytest.fixture
def content() -> dict[str, Any]:
    """A fresh copy of the real table."""
    return copy.deepcopy(_read(f"{RULE}.v{VERSION}.json"))


def _rows(content: dict[str, Any]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = content["nodes"][1]["content"]["rules"]
    return rows


@pytest.mark.parametrize("cell", ["contains($, 'a') and )", "> 1 and <", "$ matches 'x'", '"open'])
def test_a_cell_that_does_not_parse_is_refused(content: dict[str, Any], cell: str) -> None:
    """An unreadable input cell is found at loading and named by row and column."""
    _rows(content)[4]["signals"] = cell

    with pytest.raises(BadTable, match="row RC-11, column signals"):
        Table(content)


def test_an_output_that_does_not_parse_is_refused(content: dict[str, Any]) -> None:
    """An unreadable output cell is found at loading."""
    _rows(content)[0]["allowed"] = '["close"'

    with pytest.raises(BadTable, match="column allowed"):
        Table(content)


def test_a_table_without_a_last_resort_is_refused(content: dict[str, Any]) -> None:
    """The last row must take everything, or some input would get no verdict."""
    _rows(content)[-1]["attempt"] = ">= 2"

    with pytest.raises(BadTable, match="last row"):
        Table(content)


def test_two_rows_of_one_name_are_refused(content: dict[str, Any]) -> None:
    """A rule's id names one row only, or a verdict could not be traced."""
    _rows(content)[1]["_id"] = "RC-01"

    with pytest.raises(BadTable, match="same id"):
        Table(content)


def test_a_missing_column_is_an_error(content: dict[str, Any]) -> None:
    """A column that is not given never falls to the catch-all row in silence."""
    table = Table(content)

    with pytest.raises(ValueError, match="order_status, tier"):
        table.first({"signals": [], "attempt": 1})
