"""Cases per second and start latency: three sides, one dev server, rounds in turn, medians.

The kind of case is one that closes by itself: the order is found delivered after its ticket was opened. It takes two
reads, one decision, three entries (mark the order, open the ticket, solve the ticket) and eight writes of the case,
and nobody has to play the service agent, so that no driver's own pace gets into the figures.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from statistics import median, quantiles
from typing import Any

import psycopg
from psycopg import sql
from pydantic import BaseModel
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client

from benchmarks import load
from benchmarks.load import Cpu
from benchmarks.servers import Servers
from benchmarks.sides import BareSide, BatonSide, Handed, Side

AT_INTAKE = 8
"""Hand-ins at the same time: so many people press the button together."""
SINGLE = 3
"""Cases of a round that travel alone, for the start latency of a quiet system."""
TABLES = (
    "submissions", "cases", "case_runs", "events", "decisions", "work_items", "work_item_revisions", "attempts",
    "evidence",
)  # fmt: skip
"""The bookkeeping. Outbox and leases are machinery that the bare peer does without."""

COUNT = sql.SQL("SELECT count(*) FROM {}")
ORDERS = itertools.count(4_800_001)


class SideFigures(BaseModel):
    """One side, over all rounds: cases per second, milliseconds to the first task, rows kept for a case."""

    title: str
    cases_per_second: list[float] = []
    start_ms: list[float] = []
    alone_ms: list[float] = []
    cpu: list[Cpu] = []
    rows_per_case: float | None = None

    @property
    def speed(self) -> float:
        """The median of the rounds."""
        return median(self.cases_per_second)

    def cpu_ms(self, part: str) -> float:
        """CPU milliseconds for a case, the median of the rounds; `part` is one of `load.PARTS` or total."""
        return median(float(getattr(one, part)) for one in self.cpu) * 1000


async def measure(servers: Servers, cases: int, rounds: int) -> dict[str, SideFigures]:
    """All figures by side, the warm-up not counted."""
    async with AsyncExitStack() as stack:
        sides: list[Side] = [await BatonSide.open(stack, servers), *await BareSide.open_both(stack, servers)]
        figures = {side.name: SideFigures(title=side.title) for side in sides}
        for side in sides:
            await _together(side, min(cases, AT_INTAKE))
        for count in range(rounds):
            for side in sides[count % len(sides) :] + sides[: count % len(sides)]:
                await _round(side, cases, figures[side.name])
        handed_in = min(cases, AT_INTAKE) + rounds * (cases + min(cases, SINGLE))
        for side in sides:
            if side.database_url:
                figures[side.name].rows_per_case = _rows(side.database_url) / handed_in
        return figures


async def _round(side: Side, cases: int, figures: SideFigures) -> None:
    for _ in range(min(cases, SINGLE)):
        began = time.perf_counter()
        handed = await side.hand_in(_next_order())
        await side.closed(handed)
        figures.alone_ms.append((time.perf_counter() - began) * 1000)
        figures.start_ms.append(await _first_task_ms(side.client, handed))
    began, before = time.perf_counter(), load.used()
    await _together(side, cases)
    figures.cases_per_second.append(cases / (time.perf_counter() - began))
    figures.cpu.append(load.used().since(before, cases))


async def _together(side: Side, cases: int) -> None:
    """Hand in so many cases as fast as intake takes them, and wait until all have closed."""
    at_intake = asyncio.Semaphore(AT_INTAKE)

    async def one() -> None:
        async with at_intake:
            handed = await side.hand_in(_next_order())
        await side.closed(handed)

    await asyncio.gather(*(one() for _ in range(cases)))


async def _first_task_ms(client: Client, handed: Handed) -> float:
    """From the committed hand-in to the start of the workflow's first task, as Temporal's history has it."""
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=handed.workflow_id),
        maximum_page_size=10,
    )
    answer = await client.workflow_service.get_workflow_execution_history(request)
    first = next(event for event in answer.history.events if event.HasField("workflow_task_started_event_attributes"))
    return (first.event_time.ToNanoseconds() / 1e9 - handed.at) * 1000


def _rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        counts = [connection.execute(COUNT.format(sql.Identifier(name))).fetchone() for name in TABLES]
        return sum(int(count[0]) for count in counts if count)


def _next_order() -> str:
    return str(next(ORDERS))


def table(figures: dict[str, SideFigures]) -> Iterator[tuple[str, ...]]:
    """The rows to print: side, speed, Baton's ratio to it, latencies, rows."""
    yield ("", "cases/s", "Baton / it", "first task ms", "90 %", "case ms", "rows/case")
    baton = figures["baton"].speed
    for one in figures.values():
        kept = "-" if one.rows_per_case is None else f"{one.rows_per_case:.0f}"
        late = quantiles(one.start_ms, n=10)[-1] if len(one.start_ms) > 1 else one.start_ms[0]
        part = "" if one.speed == baton else f"{baton / one.speed:.2f}"
        start = (f"{median(one.start_ms):.0f}", f"{late:.0f}")
        yield (one.title, f"{one.speed:.1f}", part, *start, f"{median(one.alone_ms):.0f}", kept)


def cpu_table(figures: dict[str, SideFigures]) -> Iterator[tuple[str, ...]]:
    """The rows to print: CPU milliseconds for a case, by part."""
    yield ("", *load.PARTS, "total")
    for one in figures.values():
        yield (one.title, *(f"{one.cpu_ms(part):.0f}" for part in (*load.PARTS, "total")))


def ratios(figures: dict[str, SideFigures]) -> dict[str, Any]:
    """Baton's cases per second as a part of each peer's."""
    baton = figures["baton"].speed
    return {name: round(baton / one.speed, 3) for name, one in figures.items() if name != "baton"}
