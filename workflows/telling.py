"""Telling the customer by mail: the notice is a row before it is sent, it is sent once, and doubt is shown."""

from datetime import datetime

from temporalio import workflow

from core.case import Stage, WaitsFor
from handoff.messages import Message, for_resolution
from handoff.packet import Customer
from handoff.resolution import Decision
from workflows import notices, search
from workflows.book import Book, Happened, NoticeIntent, at_stage


class Telling:
    """Notices of one case; `name` is the case in this round, under which they are counted."""

    def __init__(self, book: Book, case_number: str, name: str) -> None:
        self._book = book
        self._case_number = case_number
        self._name = name
        self._count = 0
        self._known: tuple[str, ...] = ()

    def remember(self, known: tuple[str, ...]) -> None:
        """What was written before this case was begun anew: it goes once."""
        self._known = known

    async def tell(self, resolution: Decision, customer: Customer, order_no: str) -> None:
        """Write to the customer as they prefer; a customer who wants no mail is noted as told otherwise."""
        message = for_resolution(resolution, name=customer.name, order_no=order_no, case_number=self._case_number)
        search.case_stage(Stage.TELLING)
        if message is None or customer.contact_preference != "mail" or not customer.email:
            why = "prefers " + customer.contact_preference if message else "nothing to tell"
            await self._book.write(
                Happened(name="notice.skipped", data={"why": why}), case=at_stage(Stage.TELLING, "closing the case")
            )
            return
        await notices.send(await self._keep(message, customer.email), self._waits)
        # What came of it stands on the timeline since the row was written (`records/notices.py`).
        await self._book.write(case=at_stage(Stage.TELLING, "closing the case"))

    async def _keep(self, message: Message, recipient: str) -> str:
        self._count += 1
        occurrence = f"{self._name}/notice#{self._count}"
        if occurrence in self._known:
            return occurrence
        notice = NoticeIntent(
            occurrence=occurrence,
            recipient=recipient,
            subject=message.subject,
            body=message.body,
            message_id=f"<{workflow.uuid4()}@baton>",
        )
        await self._book.write(case=at_stage(Stage.TELLING, "writing to the customer"), notice=notice)
        return occurrence

    async def _waits(self, until: datetime) -> None:
        await self._book.waits(WaitsFor.HELD_SYSTEM, "the mail server", until=until)
