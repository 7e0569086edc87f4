"""Telling a customer of the appointment that stands, once; a mail that is out of date before it went never goes."""

import contextlib
from collections.abc import Callable, Sequence

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.booking import Bookings, LinkMade, LinkWanted, Outdated, TakenBack
from activities.keep import Keep, NoticeKept, NoticeWanted
from activities.tell import SendNotice, Tell
from core.case import Stage, WaitsFor
from handoff import booking_messages
from handoff.booking import Place
from handoff.messages import Message
from workflows import policies, search
from workflows.book import Book, Happened, NoticeIntent, at_stage, locally
from workflows.booking_acts import Wishes
from workflows.notices import mail_pause


class BookingTelling:
    """Mails of one booking. `outdated` says whether the customer has chosen something else meanwhile."""

    def __init__(self, book: Book, case_number: str, wishes: Wishes, outdated: Callable[[], bool]) -> None:
        self._book = book
        self._number = case_number
        self._wishes = wishes
        self._outdated = outdated
        self._count = 0
        self._link = ""

    async def remember(self, known: Sequence[str], waiting: Sequence[str]) -> None:
        """What was written before this case was begun anew; what did not go yet never goes, and is written anew."""
        self._count = len(known)
        for occurrence in known:
            if occurrence in waiting:
                await locally(Bookings.take_back, Outdated(occurrence=occurrence))

    async def make_link(self) -> None:
        """The link by which the customer changes the appointment; the records keep its hash alone."""
        made: LinkMade = await locally(Bookings.link, LinkWanted(case_number=self._number))
        self._link = made.link
        await self._book.write(Happened(name="booking.link_made", data={"hash": made.token_hash}))

    async def appointment(self, place: Place) -> bool:
        """Tell where the booking stands; False when it was out of date before the mail went."""
        message = booking_messages.booked(
            place, name=self._wishes.request.name, link=self._link, case_number=self._number
        )
        return await self._tell(message, self._outdated)

    async def cancelled(self) -> None:
        """Tell that nobody comes."""
        await self._tell(
            booking_messages.cancelled(name=self._wishes.request.name, case_number=self._number), lambda: False
        )

    async def _tell(self, message: Message, outdated: Callable[[], bool]) -> bool:
        search.case_stage(Stage.TELLING)
        if self._wishes.request.contact_preference != "mail" or not self._wishes.request.email:
            why = f"prefers {self._wishes.request.contact_preference}"
            skipped = Happened(name="notice.skipped", data={"why": why})
            await self._book.write(skipped, case=at_stage(Stage.TELLING, "the appointment"))
            return True
        occurrence = await self._keep(message)
        kept: NoticeKept = await locally(Keep.find_notice, NoticeWanted(occurrence=occurrence))
        tries = 0
        while not outdated():
            try:
                await workflow.execute_activity_method(
                    Tell.send_notice,
                    SendNotice(notice_id=kept.notice_id),
                    start_to_close_timeout=policies.MAIL_TIMEOUT,
                    retry_policy=policies.ONCE,
                )
            except ActivityError:  # the row knows whether it went, and is asked again
                pause, tries = mail_pause(tries), tries + 1
                await self._book.waits(WaitsFor.HELD_SYSTEM, "the mail server", until=workflow.now() + pause)
                with contextlib.suppress(TimeoutError):
                    await workflow.wait_condition(outdated, timeout=pause)
            else:
                return True
        taken: TakenBack = await locally(Bookings.take_back, Outdated(occurrence=occurrence))
        return not taken.taken_back

    async def _keep(self, message: Message) -> str:
        self._count += 1
        occurrence = f"{self._number}/notice#{self._count}"
        notice = NoticeIntent(
            occurrence=occurrence,
            recipient=self._wishes.request.email,
            subject=message.subject,
            body=message.body,
            message_id=f"<{workflow.uuid4()}@baton>",
        )
        await self._book.write(case=at_stage(Stage.TELLING, "writing to the customer"), notice=notice)
        return occurrence
