"""A closed case that an answer opens again: another round of its workflow, begun as intake begins the first."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, WaitsFor
from records.case import Case
from records.events import Happened, append
from records.handoff import Handoff
from records.outbox import CHANNEL, OutboxRow
from records.received_mail import ReceivedMail

JOURNEYS = frozenset({"failed-delivery"})
"""Journeys that know how to begin again; an answer to another's closed case waits on *Mails*."""
SHOWN = 200
"""How much of the answer stands in the reason; all of it stands on the timeline."""


async def reopen(session: AsyncSession, case: Case, mail: ReceivedMail, now: datetime) -> bool:
    """Have the case begin again about this mail, in the caller's transaction; False: it waits on *Mails* instead."""
    rounds = await _rounds(session, case)
    if case.journey not in JOURNEYS or not rounds:
        return False
    before = rounds[-1]
    case.closed_at, case.outcome, case.stage = None, "", Stage.RECEIVED
    case.wait_kind, case.wait_since, case.wait_until = WaitsFor.TEMPORAL, now, None
    session.add(
        OutboxRow(
            case_id=case.id,
            workflow_type=before.workflow_type,
            workflow_id=before.workflow_id,
            run=before.run + 1,
            task_queue=before.task_queue,
            argument=await _argument(session, case, before, mail),
            created_at=now,
            next_try_at=now,
        )
    )
    await append(session, case.id, now, Happened(name="case.reopened", actor="customer", data={"by": "The customer"}))
    await (await session.connection()).execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return True


async def _rounds(session: AsyncSession, case: Case) -> list[OutboxRow]:
    starts = select(OutboxRow).where(OutboxRow.case_id == case.id, OutboxRow.signal == "").order_by(col(OutboxRow.run))
    return list(await session.exec(starts.where(OutboxRow.workflow_id == f"{case.journey}/{case.number}")))


async def _argument(session: AsyncSession, case: Case, before: OutboxRow, mail: ReceivedMail) -> dict[str, Any]:
    """What the first round began with, with the numbers as they were corrected, and what there was since."""
    numbered = select(func.max(Handoff.number)).where(Handoff.case_id == case.id)
    said = mail.said.strip().replace("\n", " ")
    shown = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
    report = {**before.argument["report"], "order_no": case.order_no, "parcel_no": case.parcel_no}
    return {
        **before.argument,
        "report": report,
        "round": before.run + 1,
        "reopened": f"The customer answered after the case was closed: “{shown}”",
        "handoffs": (await session.exec(numbered)).one() or 0,
        "ticket_no": case.ticket_no,
        "recovered": 0,
    }
