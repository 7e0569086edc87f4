"""Runs that begin at Temporal after their process has ended in the records: set back, or started again, by hand."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.faults import EndedAlready
from records.bookkeeping import Write, run_ordinal
from records.case import Case, CaseRun
from records.database import Database
from records.events import Happened, append
from records.handoff import Handoff
from records.handoff_book import HandoffWrite

OfRun = TypeVar("OfRun", Write, HandoffWrite)


async def kept(database: Database, write: OfRun, apply: Callable[[AsyncSession, OfRun], Awaitable[bool]]) -> bool:
    """Do a run's write; EndedAlready when another run has ended what it is about, which is said on the timeline."""
    try:
        async with database.session() as session:
            await _refuse(session, write)
            return await apply(session, write)
    except EndedAlready:
        async with database.session() as session:
            await _note(session, write)
        raise


async def _refuse(session: AsyncSession, write: Write | HandoffWrite) -> None:
    if isinstance(write, HandoffWrite):
        asked = select(Handoff.ended_at, Handoff.run_id).where(Handoff.id == write.handoff_id)
    else:
        asked = select(Case.closed_at, Case.run_id).where(Case.id == write.case_id)
    ended = (await session.exec(asked)).one_or_none()
    if ended is not None and ended[0] is not None and ended[1] != write.run_id:
        raise EndedAlready


async def _note(session: AsyncSession, write: Write | HandoffWrite) -> None:
    """Once for each run, however often it is tried."""
    if await session.get(CaseRun, (write.case_id, write.run_id)) is not None:
        return
    await run_ordinal(session, write.case_id, write.run_id, write.at)
    thing = "the handoff" if isinstance(write, HandoffWrite) else "the case"
    await append(session, write.case_id, write.at, Happened(name="process.late", data={"thing": thing}))
