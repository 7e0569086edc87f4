"""Earlier cases of the same customer with the same cause: whether a case is a service loop."""

import uuid

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.service_loop import EarlierCase, LoopFound, begins
from records.case import Case

AT_MOST = 20
"""More than so many earlier cases say nothing new."""


async def earlier(session: AsyncSession, case_id: uuid.UUID, days: int) -> LoopFound:
    """What the customer of this case came with before, for the same cause, at most so many days earlier."""
    case = await session.get_one(Case, case_id)
    if not case.customer_no or not case.cause:
        return LoopFound(days=days)
    asked = (
        select(Case)
        .where(
            Case.customer_no == case.customer_no,
            Case.cause == case.cause,
            col(Case.opened_at).between(begins(case.opened_at, days), case.opened_at),
            Case.id != case.id,
        )
        .order_by(col(Case.opened_at).desc(), col(Case.number).desc())
        .limit(AT_MOST)
    )
    found = [
        EarlierCase(number=one.number, opened_at=one.opened_at, outcome=one.outcome)
        for one in await session.exec(asked)
    ]
    return LoopFound(days=days, earlier=tuple(reversed(found)))
