"""The failure queue as its page shows it: what was asked for, read from the address and written back to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console import failure_words
from console.spark import Chart, chart
from records.failure_queue import Due, Page, Row, Show, Sort, Wanted

SHOWS = {Show.OPEN: "To review", Show.SNOOZED: "Snoozed", Show.OVER: "Over", Show.ALL: "All"}
SORTS = {
    Sort.HURTING: "Most hurting first",
    Sort.DUE: "Due first",
    Sort.MOST: "Most entries first",
    Sort.LATEST: "Latest first",
    Sort.OLDEST: "Oldest first",
}
DUES = {
    Due.MISSED: "Missed already",
    Due.HOUR: "Within an hour",
    Due.FOUR: "Within 4 hours",
    Due.DAY: "Within a day",
    Due.THREE_DAYS: "Within 3 days",
}
_PLAIN = {"show": Show.OPEN.value, "sort": Sort.HURTING.value}


@dataclass(frozen=True)
class Line:
    """A group in the list."""

    row: Row
    tally: dict[str, int]
    journeys: list[tuple[str, int]]
    tiers: list[tuple[str, int]]
    spark: Chart

    @property
    def sentence(self) -> str:
        """What happened."""
        return failure_words.sentence(self.row.group)

    @property
    def where(self) -> str:
        """Where."""
        return failure_words.where(self.row.group)

    @property
    def looks(self) -> bool:
        """Whether all doubt waits for it."""
        return failure_words.looks(self.row.group)


def lines(page: Page, now: datetime) -> list[Line]:
    """The page's groups."""
    return [
        Line(
            row,
            failure_words.tally(row.counts),
            failure_words.by(row.counts, "journey"),
            [(tier, n) for tier, n in failure_words.by(row.counts, "tier") if tier],
            chart(row.hours, now, 24, 96, 22),
        )
        for row in page.rows
    ]


def counted(page: Page) -> str:
    """The honest count."""
    groups = f"{page.groups:,} group{'' if page.groups == 1 else 's'}"
    return f"{groups} with {page.failures:,} open {'failure' if page.failures == 1 else 'failures'}"


def query(wanted: Wanted, **changes: Any) -> dict[str, str]:
    """These filters as an address's query, with changes; the page key is dropped unless it is one of them."""
    values = {**wanted.model_dump(mode="json", exclude={"after"}), **changes}
    kept = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return {name: value for name, value in kept.items() if _PLAIN.get(name) != value}


def read(asked: Mapping[str, str]) -> Wanted:
    """From an address; an empty filter counts as none. Raises Pydantic's ValidationError for a wrong value."""
    return Wanted.model_validate({name: value for name, value in asked.items() if value != ""})
