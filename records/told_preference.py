"""How a person wants to be told: a channel for each kind, where their webhook is, and when they are on shift."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.calendar import Calendar
from records.base import document, moment


class Channel(StrEnum):
    """Where somebody is told: on the page alone, by mail as well, by webhook as well, or nowhere that rings."""

    PAGE = "page"
    MAIL = "mail"
    WEBHOOK = "webhook"
    NONE = "none"


class ToldPreference(SQLModel, table=True):
    """One person's wishes. A kind that is not in `channels` goes to the page; without `hours` they are always on."""

    __tablename__ = "told_preferences"

    person: str = Field(primary_key=True)
    channels: dict[str, str] = document()
    webhook_url: str = ""
    webhook_secret: str = ""
    time_zone: str = "UTC"
    hours: list[str] = document()
    updated_at: datetime = moment()

    def channel(self, kind: str) -> Channel:
        """Where this kind goes; what is no channel, and a webhook that has no address, goes to the page."""
        chosen = self.channels.get(kind, "")
        if chosen not in set(Channel) or (chosen == Channel.WEBHOOK and not self.webhook_url):
            return Channel.PAGE
        return Channel(chosen)

    def on_shift(self, at: datetime) -> datetime:
        """The next moment from `at` on at which they are on shift: `at` itself while they are, or if they never are.

        Hours that cannot be read silence nobody: one person's row must not keep all others from being told.
        """
        try:
            shift = Calendar.model_validate({"time_zone": self.time_zone, "hours": self.hours})
        except ValueError:
            return at
        return shift.next_open(at) or at


async def of(session: AsyncSession, people: set[str], at: datetime) -> dict[str, ToldPreference]:
    """The wishes of these people by e-mail address; who never said any is told on the page, at any time."""
    said = await session.exec(select(ToldPreference).where(col(ToldPreference.person).in_(people)))
    return {**{person: unsaid(person, at) for person in people}, **{one.person: one for one in said}}


def unsaid(person: str, at: datetime) -> ToldPreference:
    """The wishes of somebody who never said any."""
    return ToldPreference(person=person, channels={}, hours=[], updated_at=at)
