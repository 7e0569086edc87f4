"""What the figures of `benchmarks.scale` come to at so many cases a day: the tables of docs/scaling.md."""

from collections.abc import Iterator
from math import ceil

from benchmarks.scale import Figures, table

VOLUMES = (10_000, 200_000, 1_000_000, 100_000_000)
"""Cases a day."""
DAY_HOURS = 10
"""A day's work comes in within so many hours,"""
PEAK = 2.0
"""and the busiest hour brings so many times the mean of those."""
BUSY = 0.7
"""A core or a seat that is used more than this makes others wait."""
BOT_HOURS = 16
"""So long a day the legacy systems take entries."""
SCREEN_ENTRIES = 2
"""Entries of a case that a bot keys on a screen; the others go by an API."""
SEAT_SECONDS = 2.3
"""One entry on a screen whose pages take 200 ms (docs/benchmarks.md, one seat)."""
EVIDENCE_BYTES = 132_000
"""Masked pictures, texts and exchanges of one case with two entries on screens."""
HISTORY_DAYS = 30
"""So long Temporal keeps what has ended."""
EVIDENCE_DAYS = 90


def page(figures: Figures) -> Iterator[str]:
    """Both tables of the page, line by line: what was measured, and what it comes to."""
    head, *rows = table(figures)
    yield f"| {head[0]} | |"
    yield "|---|---|"
    for what, number in rows:
        yield f"| {what.strip()} | {number} |"
    yield ""
    yield from _volumes(figures)


def _volumes(figures: Figures) -> Iterator[str]:
    yield "| cases a day | " + " | ".join(f"{volume:,}" for volume in VOLUMES) + " |"
    yield "|---|" + "---|" * len(VOLUMES)
    columns = [column(figures, volume) for volume in VOLUMES]
    for name in columns[0]:
        yield f"| {name} | " + " | ".join(one[name] for one in columns) + " |"


def column(figures: Figures, a_day: int) -> dict[str, str]:
    """One volume: what is needed at the busiest hour, and what has to be kept."""
    case = figures.case
    peak = a_day / (DAY_HOURS * 3600) * PEAK
    ours = case.cpu.worker + case.cpu.client
    return {
        "cases a second, busiest hour": _short(peak),
        "state transitions a second at Temporal": _short(case.transitions * peak),
        "rows a second into PostgreSQL": _short(case.all_rows * peak),
        "cores for workers, relay and intake": f"{ceil(ours * peak / BUSY):,}",
        "cores for PostgreSQL": f"{ceil(case.cpu.postgres * peak / BUSY):,}",
        "bot seats": f"{ceil(a_day * SCREEN_ENTRIES * SEAT_SECONDS / (BOT_HOURS * 3600 * BUSY)):,}",
        "PostgreSQL, a year": _bytes(a_day * 365 * case.postgres_bytes),
        f"Temporal, {HISTORY_DAYS} days of what ended": _bytes(a_day * HISTORY_DAYS * case.history_bytes),
        f"evidence, {EVIDENCE_DAYS} days": _bytes(a_day * EVIDENCE_DAYS * EVIDENCE_BYTES),
    }


def _short(number: float) -> str:
    return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} PB"
