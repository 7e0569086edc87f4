"""What a booking's workflow asks for: the customer's link, and taking back a mail that is out of date."""

from pydantic import BaseModel, ConfigDict
from sqlmodel import select
from temporalio import activity

from core import clock
from handoff import links
from handoff.booking_messages import booking_link
from records import notices
from records.database import Database
from records.notice import Notice, NoticeState


class LinkWanted(BaseModel):
    """For which case."""

    model_config = ConfigDict(frozen=True)

    case_number: str


class LinkMade(BaseModel):
    """The link as the mail has it, and the hash by which its bearer is known again."""

    model_config = ConfigDict(frozen=True)

    link: str
    token_hash: str


class Outdated(BaseModel):
    """A notice that says what no longer holds."""

    model_config = ConfigDict(frozen=True)

    occurrence: str


class TakenBack(BaseModel):
    """Whether it surely was not sent, and never will be."""

    model_config = ConfigDict(frozen=True)

    taken_back: bool


class Bookings:
    """Local activities of bookings."""

    def __init__(self, database: Database, console_url: str) -> None:
        self._database = database
        self._console_url = console_url

    @activity.defn(name="make_booking_link")
    async def link(self, wanted: LinkWanted) -> LinkMade:
        """A new link; made here, since a workflow's own randomness can be reckoned from its history."""
        token = links.link_token()
        link = booking_link(self._console_url, wanted.case_number, token)
        return LinkMade(link=link, token_hash=links.hashed(token))

    @activity.defn(name="take_back_notice")
    async def take_back(self, outdated: Outdated) -> TakenBack:
        """Let a mail that still waits never go; one that is on its way, or gone, cannot be taken back."""
        async with self._database.session() as session:
            found = select(Notice).where(Notice.occurrence == outdated.occurrence)
            notice = (await session.exec(found)).one()
            taken = await notices.take_back(session, notice, clock.now())
        return TakenBack(taken_back=taken or notice.state is NoticeState.WITHDRAWN)
