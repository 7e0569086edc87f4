"""What the records say is open, and so must run at Temporal; which of it does not, and since when."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.events import Happened, append
from records.gone import LONGEST_WORD, Fate, GoneProcess, ProcessKind
from records.handoff import Handoff


class Process(BaseModel):
    """Something open that a workflow carries."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str
    kind: ProcessKind
    label: str
    case_id: uuid.UUID | None = None


class Sent(BaseModel):
    """A signal or an Update that somebody sent by hand; `times`: how many of that name by now.

    `known`: Baton knows one of that name, so it was taken.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    times: int
    sort: Literal["signal", "Update"] = "signal"
    known: bool = False
    by: str = ""


_SPOKEN = {
    ProcessKind.CASE: "the case",
    ProcessKind.HANDOFF: "the handoff",
    ProcessKind.BULK: "the act on many cases",
}
_OPEN = text(
    """
    WITH open AS (
      SELECT journey || '/' || number AS workflow_id, 'case' AS kind, number AS label, id AS case_id,
             NULL::timestamptz AS made FROM cases WHERE closed_at IS NULL
      UNION ALL SELECT 'legacy-entry/' || id, 'file', name, NULL, NULL FROM entry_files
       WHERE state IN ('started', 'paused')
      UNION ALL SELECT 'bulk/' || id, 'bulk', title, NULL, NULL FROM bulk_actions WHERE ended_at IS NULL
      UNION ALL SELECT 'look-up/' || id, 'look_up', name, NULL, NULL FROM look_ups
       WHERE state IN ('asked', 'waiting')
      UNION ALL SELECT 'item/' || work_items.id, 'item', reference, case_id, created_at FROM work_items
       LEFT JOIN cases ON cases.id = case_id WHERE ended_at IS NULL AND (case_id IS NULL OR cases.closed_at IS NULL)
      UNION ALL SELECT 'handoff/' || handoffs.id, 'handoff', cases.number, cases.id, offered_at FROM handoffs
       JOIN cases ON cases.id = handoffs.case_id WHERE handoffs.ended_at IS NULL
    )
    SELECT open.workflow_id, kind, label, case_id
      FROM open LEFT JOIN LATERAL (
           SELECT bool_and(sent_at IS NOT NULL) AS sent, max(sent_at) AS sent_at FROM outbox
            WHERE outbox.workflow_id = open.workflow_id AND signal = '' AND task_queue <> '') AS began ON true
     WHERE coalesce(began.sent, true) AND coalesce(began.sent_at, made) <= :settled
    """
)
"""What is open, with its newest start: what only tells it something names no task queue."""


async def open_since(session: AsyncSession, settled: datetime) -> list[Process]:
    """What has been open since before `settled`; what the relay is still to start is none of it."""
    rows = (await (await session.connection()).execute(_OPEN, {"settled": settled})).mappings()
    return [Process.model_validate(dict(row)) for row in rows]


async def gone(session: AsyncSession, case_id: uuid.UUID | None = None) -> list[GoneProcess]:
    """What is gone now, the longest first; of one case when given."""
    asked = select(GoneProcess).where(col(GoneProcess.over_at).is_(None))
    if case_id is not None:
        asked = asked.where(GoneProcess.case_id == case_id)
    return list(await session.exec(asked.order_by(col(GoneProcess.seen_at), col(GoneProcess.label))))


async def count(session: AsyncSession) -> int:
    """How many are gone now."""
    return (await session.exec(select(func.count()).where(col(GoneProcess.over_at).is_(None)))).one()


async def of_cases(session: AsyncSession, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, GoneProcess]:
    """Which of these cases are gone now."""
    asked = select(GoneProcess).where(col(GoneProcess.over_at).is_(None), col(GoneProcess.case_id).in_(case_ids))
    return {one.case_id: one for one in await session.exec(asked) if one.case_id is not None}


async def note_gone(session: AsyncSession, lost: Sequence[tuple[Process, Fate]], now: datetime) -> int:
    """Keep what became of them, each once, as far as they are still open; how many are new."""
    known = {one.workflow_id for one in await gone(session)}
    new = [(process, fate) for process, fate in lost if process.workflow_id not in known]
    still = {one.workflow_id for one in await open_since(session, now)} if new else set()
    noted = 0
    for process, fate in new:
        if process.workflow_id in still:
            session.add(GoneProcess(**process.model_dump(), what=fate.what, seen_at=now))
            data = {"what": fate.words, "kind": process.kind.value, "label": process.label}
            await append(session, process.case_id, now, Happened(name="process.gone", data=data))
            noted += 1
    return noted


async def note_outside(session: AsyncSession, process: Process, fate: Fate, now: datetime) -> None:
    """Name on the timeline what was ended or set back at Temporal, and goes on without anybody's word."""
    item_id = uuid.UUID(process.workflow_id.partition("/")[2]) if process.kind is ProcessKind.ITEM else None
    data = {"what": fate.words, "kind": process.kind.value, "label": process.label, "thing": _thing(process)}
    await append(session, process.case_id, now, Happened(name="process.outside", item_id=item_id, data=data))


async def note_stray(session: AsyncSession, workflow_id: str, sent: Sent, now: datetime) -> bool:
    """Name on the timeline what somebody sent its process by hand; False when it has no case and is not open."""
    of_case = await _of_case(session, workflow_id)
    open_now = [] if of_case else await open_since(session, now)
    found = of_case or [one for one in open_now if one.workflow_id == workflow_id]
    for process in found:
        data = {
            "by": sent.by[:LONGEST_WORD] or "Somebody",
            "name": sent.name,
            "sort": sent.sort,
            "often": f", {sent.times} times by now" if sent.times > 1 else "",
            "kind": process.kind.value,
            "label": process.label,
            "thing": _thing(process),
        }
        name = "process.by_hand" if sent.known else "process.stray"
        await append(session, process.case_id, now, Happened(name=name, data=data))
    return bool(found)


async def _of_case(session: AsyncSession, workflow_id: str) -> list[Process]:
    """A case or a handoff by the id of its workflow, also one that has ended."""
    kind, _, name = workflow_id.partition("/")
    asked = select(Case.id, Case.number)
    if kind == ProcessKind.HANDOFF:
        asked = asked.join(Handoff, col(Handoff.case_id) == col(Case.id)).where(Handoff.id == uuid.UUID(name))
    else:
        asked = asked.where(Case.journey == kind, Case.number == name)
    what = ProcessKind.HANDOFF if kind == ProcessKind.HANDOFF else ProcessKind.CASE
    return [
        Process(workflow_id=workflow_id, kind=what, label=number, case_id=case_id)
        for case_id, number in await session.exec(asked)
    ]


def _thing(process: Process) -> str:
    if process.kind in _SPOKEN:
        return _SPOKEN[process.kind]
    kind = "entry" if process.kind is ProcessKind.ITEM else process.kind.value.replace("_", "-")
    return f"the {kind} {process.label}"


async def note_back(session: AsyncSession, workflow_ids: Sequence[str], now: datetime) -> None:
    """These run, or have ended: they are gone no more."""
    over = update(GoneProcess).where(col(GoneProcess.workflow_id).in_(workflow_ids), col(GoneProcess.over_at).is_(None))
    await (await session.connection()).execute(over.values(over_at=now))


def lost(open_now: Sequence[Process], running: Mapping[str, str]) -> list[Process]:
    """What is open and does not run."""
    return [process for process in open_now if process.workflow_id not in running]
