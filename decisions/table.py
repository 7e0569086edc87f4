"""A versioned decision table in JDM, evaluated by zen-engine, linted before it is used."""

import json
from typing import Any

import zen


class BadTable(Exception):
    """The decision table holds a cell that cannot be read; the engine would silently skip its row."""


class Table:
    """One decision table out of a JDM document. Raises BadTable when any of its cells cannot be read."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.version: str = content["version"]
        table = next(node["content"] for node in content["nodes"] if node["type"] == "decisionTableNode")
        self.rows: list[dict[str, str]] = table["rules"]
        self._columns = [column["field"] for column in table["inputs"]]
        _lint(table)
        graph = json.dumps({"nodes": content["nodes"], "edges": content["edges"]})
        self._decision = zen.ZenEngine().create_decision(graph)

    def first(self, given: dict[str, Any]) -> dict[str, Any]:
        """The outputs of the first row that matches.

        Every column must be given: a missing one would fall to the catch-all row, so it is a ValueError.
        """
        missing = [column for column in self._columns if column not in given]
        if missing:
            raise ValueError(f"the table also asks for {', '.join(missing)}")
        result: dict[str, Any] = self._decision.evaluate(given)["result"]
        return result


def _lint(table: dict[str, Any]) -> None:
    inputs = [column["id"] for column in table["inputs"]]
    outputs = [column["id"] for column in table["outputs"]]
    for row in table["rules"]:
        for column in inputs:
            if row.get(column, "").strip():
                _compile(zen.compile_unary_expression, row, column)
        for column in outputs:
            _compile(zen.compile_expression, row, column)
    names = [row["_id"] for row in table["rules"]]
    if len(set(names)) < len(names):
        raise BadTable("two rows bear the same id")
    if table["hitPolicy"] != "first" or any(table["rules"][-1].get(column) for column in inputs):
        raise BadTable("the first matching row must decide, and the last row must take everything")


def _compile(read: Any, row: dict[str, str], column: str) -> None:
    try:
        read(row.get(column, ""))
    except RuntimeError as error:
        raise BadTable(f"row {row['_id']}, column {column}: {str(error).splitlines()[0]}") from None
