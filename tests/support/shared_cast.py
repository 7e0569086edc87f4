"""Cases with one cause: reported by one depot for one day, at the desk with whole packets."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from records.case import Case
from records.database import Database
from records.submission import Submission
from tests.support.desk_cast import offer

DEPOT = {"party": "depot Bremen", "day": "2026-11-18"}
"""What they have in common, as somebody asks for it."""
ALLOWED = ("reschedule", "refund", "close")


async def reported(
    database: Database, now: datetime, order_no: str, *, said: dict[str, str] | None = None, **words: Any
) -> str:
    """A case at the desk; `said` changes the report, `words` the packet, `holder` has it. Its number."""
    number = await offer(database, now, order_no, timedelta(hours=3), **{"allowed": ALLOWED, **words})
    async with database.session() as session:
        found = select(Submission).join(Case, col(Case.id) == col(Submission.case_id)).where(Case.number == number)
        submission = (await session.exec(found)).one()
        told = {"reported_by": "Depot Bremen", "failed_on": "2026-11-18", **(said or {})}
        submission.content = {**submission.content, **told}
    return number
