"""Whether a migration only adds, so that a build that does not know it goes on working on what it leaves."""

import re
from collections.abc import Iterable

_TABLE = r'(?:ONLY )?"?(\w+)"?'
_CREATES = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_TABLE}", re.IGNORECASE)
_UNIQUE = re.compile(rf"CREATE UNIQUE INDEX .*?\bON {_TABLE}", re.IGNORECASE)
_ALTERS = re.compile(rf"ALTER TABLE (?:IF EXISTS )?{_TABLE} (.*)", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(SELECT|SET|SHOW|INSERT INTO|UPDATE|COMMENT ON|CREATE INDEX|CREATE SEQUENCE|CREATE TYPE)\b", re.IGNORECASE
)
_LOOSENS = re.compile(r'ALTER COLUMN "?\w+"? (DROP NOT NULL|SET DEFAULT\b)', re.IGNORECASE)
_ADDS = re.compile(r"ADD COLUMN\b", re.IGNORECASE)


def narrowing(statements: Iterable[str]) -> list[str]:
    """Of a migration's statements those that do more than add, each with what an older build would meet."""
    made: set[str] = set()
    found = []
    for statement in statements:
        line = " ".join(statement.split())
        if created := _CREATES.match(line):
            made.add(created[1])
        elif said := _met(line, made):
            found.append(f"{line[:100]}: {said}")
    return found


def _met(line: str, made: set[str]) -> str:
    if _HARMLESS.match(line):
        return ""
    if unique := _UNIQUE.match(line):
        return "" if unique[1] in made else "an older build's rows could be refused as doubles"
    altered = _ALTERS.match(line)
    if altered is None:
        return "it does more than add"
    if altered[1] in made or _LOOSENS.match(altered[2]):
        return ""
    if not _ADDS.match(altered[2]):
        return "it changes what an older build relies on"
    words = altered[2].upper()
    must = "NOT NULL" in words and "DEFAULT" not in words
    return "an older build does not fill it" if must else ""
