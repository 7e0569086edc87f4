"""The demo's bookkeeping: cases by where they stand, and the ledgers against the work items; also what a test asks."""

from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, select

from core.case import Stage
from core.work_item import NEEDS_PERSON, State
from handoff.states import HandoffState
from records.case import Case
from records.database import Database
from records.handoff import Handoff
from records.stuck import BOT
from records.work_item import WorkItem

Ledgers = dict[str, list[dict[str, Any]]]


class Count(BaseModel):
    """Where everything stands.

    `lost`: cases that are neither closed, nor with a person, nor among the failures, and done items that no row
    of their system's ledger bears out. `duplicated`: ledger rows beyond one for each intent.
    """

    model_config = ConfigDict(frozen=True)

    cases: int
    closed: int
    handoffs_open: int
    failures_open: int
    corrections_open: int
    moving: int
    doubts_resolved: int
    by_stage: dict[str, int]
    ledger: dict[str, int]
    lost: int
    duplicated: int

    @property
    def at_rest(self) -> bool:
        """Nothing moves any more without a person."""
        return self.cases > 0 and self.moving == 0


async def count(database: Database, ledgers: Ledgers) -> Count:
    """Count the cases, and hold `ledgers` (system to rows) against the work items."""
    async with database.session() as session:
        cases = list(await session.exec(select(Case)))
        items = list(await session.exec(select(WorkItem)))
        waiting = col(Handoff.state).in_([HandoffState.OFFERED, HandoffState.PICKED_UP])
        offered = set(await session.exec(select(Handoff.case_id).where(waiting, Handoff.kind != BOT)))
    failed = {item.case_id for item in items if item.state in NEEDS_PERSON}
    busy = {item.case_id for item in items if item.ended_at is None} - failed
    still = [case for case in cases if case.closed_at is None]
    asked = {case.id for case in still if case.stage is Stage.CORRECTION}
    moving = [case for case in still if case.id in busy or case.id not in offered | failed | asked]
    missing, twice = _against(items, ledgers)
    return Count(
        cases=len(cases),
        closed=len(cases) - len(still),
        handoffs_open=len(offered),
        failures_open=sum(item.state in NEEDS_PERSON for item in items),
        corrections_open=len(asked),
        moving=len(moving),
        doubts_resolved=sum(item.doubts > 0 and item.state is State.DONE for item in items),
        by_stage=dict(Counter(case.stage.value for case in cases)),
        ledger={system: len(rows) for system, rows in ledgers.items()},
        lost=len([case for case in moving if case.id not in offered | failed | asked]) + missing,
        duplicated=twice,
    )


def _against(items: list[WorkItem], ledgers: Ledgers) -> tuple[int, int]:
    """Done items that no ledger row bears out, and ledger rows beyond one for each reference."""
    rows = Counter((system, row["reference"]) for system, found in ledgers.items() for row in found)
    done = [item for item in items if item.state is State.DONE and item.system in ledgers]
    missing = [item for item in done if (item.system, item.reference) not in rows]
    lost = [item for item in missing if not _stood_already(item, ledgers[item.system])]
    return len(lost), sum(times - 1 for times in rows.values())


def _stood_already(item: WorkItem, ledger: list[dict[str, Any]]) -> bool:
    """Whether another entry had already made the record what this item wants: two cases, one order, one date."""
    wanted = (item.result or {}).items()
    return item.adopted and any(
        row["key"] == item.target_key
        and row["operation"] == item.operation
        and all(str(row["after"].get(name)) == value for name, value in wanted)
        for row in ledger
    )
