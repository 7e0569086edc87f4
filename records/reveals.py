"""Reveals: a person looks under the masks of a piece of evidence; noted before anything is shown."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from records import access
from records.access import Person
from records.events import Happened, append
from records.trail import Evidence


async def note(session: AsyncSession, shown: Evidence, person: Person, why: str, now: datetime) -> None:
    """Who, when, why and what: in the audit, and on the case's timeline for everybody who works with it."""
    about = {"evidence": str(shown.id), "kind": shown.kind, "taken": shown.taken, "attempt": str(shown.attempt_id)}
    access.audit(session, now, person.email, "evidence.revealed", str(shown.id), why=why, **about)
    told = {"taken": shown.taken, "why": why, "evidence": str(shown.id)}
    happened = Happened(name="evidence.revealed", actor=person.email, item_id=shown.item_id, data=told)
    await append(session, shown.case_id, now, happened)
