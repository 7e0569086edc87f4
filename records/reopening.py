"""A closed case that an answer may open again."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.received_mail import ReceivedMail


async def reopen(_session: AsyncSession, _case: Case, _mail: ReceivedMail, _now: datetime) -> bool:
    """Have the case begin again about this mail, in the caller's transaction; False: it waits on *Mails* instead."""
    return False
