"""Sign-ins that people had tried: who tried which account when, and what came of it; one try for each form's key."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import access
from records.events import Happened, append
from records.trail import Event

TRIED = "account.tried"
REMEMBERED = timedelta(days=30)
"""What came of an older try says nothing of today."""
MOST = 1000


async def note(session: AsyncSession, now: datetime, who: str, by: str, **came: Any) -> None:
    """Note a try of the account `who` (system/environment/account), for the page and for auditors."""
    data = {"account": who, **came}
    await append(session, None, now, Happened(name=TRIED, actor=by, system=who.partition("/")[0], data=data))
    access.audit(session, now, by, TRIED, who, **came)


async def of_key(session: AsyncSession, key: str, now: datetime) -> dict[str, Any] | None:
    """What came of the try that this form asked for; None when it was not made yet."""
    found = await session.exec(
        select(Event).where(Event.name == TRIED, Event.at > now - REMEMBERED, col(Event.data)["key"].as_string() == key)
    )
    event = found.first()
    return event.data if event is not None else None


async def latest(session: AsyncSession, now: datetime) -> dict[str, Event]:
    """The last try of every account, by system/environment/account."""
    found = await session.exec(
        select(Event).where(Event.name == TRIED, Event.at > now - REMEMBERED).order_by(col(Event.at).desc()).limit(MOST)
    )
    tries: dict[str, Event] = {}
    for event in found:
        tries.setdefault(event.data["account"], event)
    return tries
