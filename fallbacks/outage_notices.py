"""Tells whoever steers systems of an outage that holds up work, once, and when it is over: impact, not noise."""

from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import outage_figures
from records.database import Database
from records.health import Outage
from records.outage_figures import Held
from records.told import Tell, Told, tell
from systems.base import PRODUCTION
from systems.registry import SYSTEMS

TO = ("role:supervisor", "role:it")
RECENT = timedelta(hours=1)
"""An outage that ended longer ago is told of no more."""


class OutageNotices:
    """The beat: an outage of production that holds nothing is on its page and rings nowhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Tell what nobody was told yet; of how many outages."""
        async with self._database.session() as session:
            said = [await self._begun(session, outage, held, now) for outage, held in await _standing(session, now)]
            said += [await self._over(session, outage, now) for outage in await _ended(session, now)]
        return sum(said)

    async def _begun(self, session: AsyncSession, outage: Outage, held: Held, now: datetime) -> bool:
        if await _told(session, outage, "begun"):
            return False
        what = f"was taken out of use by {outage.by}" if outage.isolated else "does not answer"
        line = f"{held.entries:,} {'entry is' if held.entries == 1 else 'entries are'} held"
        due = f", the first promise is due {held.due_at:%d %b %H:%M} UTC" if held.due_at else ""
        text = f"The {_title(outage)} {what} since {outage.began_at:%H:%M} UTC: {line}{due}."
        await tell(session, now, *_tells(outage, "outage", "begun", text))
        return True

    async def _over(self, session: AsyncSession, outage: Outage, now: datetime) -> bool:
        ended = outage.ended_at
        if ended is None or not await _told(session, outage, "begun") or await _told(session, outage, "over"):
            return False
        minutes = max(1, round((ended - outage.began_at).total_seconds() / 60))
        text = f"The {_title(outage)} is back after {minutes:,} min: what was held goes on in its order."
        await tell(session, now, *_tells(outage, "outage_over", "over", text))
        return True


async def _standing(session: AsyncSession, now: datetime) -> list[tuple[Outage, Held]]:
    """Outages of production that hold work."""
    found = [one for one in await outage_figures.live(session) if one.ended_at is None]
    found = [one for one in found if one.environment == PRODUCTION and one.hold_id is not None]
    held = await outage_figures.held(session, [one.hold_id for one in found if one.hold_id], now)
    return [(one, held[one.hold_id]) for one in found if one.hold_id in held]


async def _ended(session: AsyncSession, now: datetime) -> list[Outage]:
    wanted = select(Outage).where(col(Outage.ended_at) > now - RECENT, Outage.environment == PRODUCTION)
    return list(await session.exec(wanted))


async def _told(session: AsyncSession, outage: Outage, what: str) -> bool:
    said = select(Told.id).where(col(Told.created_at) >= outage.began_at, Told.occurrence == _occurrence(outage, what))
    return (await session.exec(said.limit(1))).first() is not None


def _tells(outage: Outage, kind: str, what: str, text: str) -> list[Tell]:
    path = f"/systems/{outage.system}/{outage.environment}"
    return [Tell(kind=kind, occurrence=_occurrence(outage, what), to=to, text=text, path=path) for to in TO]


def _occurrence(outage: Outage, what: str) -> str:
    return f"outage/{outage.id}/{what}"


def _title(outage: Outage) -> str:
    title = SYSTEMS[outage.system].title if outage.system in SYSTEMS else outage.system
    return title[:1].lower() + title[1:]
