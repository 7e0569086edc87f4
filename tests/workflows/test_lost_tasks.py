"""A workflow task that is lost after its writes, as with its worker, while a person or a customer comes first."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from records import bookkeeping
from records.bookkeeping import Write
from records.notice import Notice, NoticeState
from records.people import Role
from tests.support.journey import Journey
from tests.workflows.booking_cast import booking, hand_in_booking, monday
from workflows import book, booking_telling, entries
from workflows.acts import WithdrawCase

Wanted = Callable[[Write], bool]


class Held:
    """Holds the one write that is wanted back until it is let go."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def apply(self, session: Any, write: Write) -> bool:
        """As the records do, but for the held one."""
        if self._wanted(write) and not self.go.is_set():
            self.reached.set()
            await self.go.wait()
        return await APPLY(session, write)


APPLY = bookkeeping.apply


class LostError(RuntimeError):
    """The task that met this is done again from its beginning, as after the death of its worker."""


@pytest.mark.failure_mode("F34")
async def test_a_withdrawal_is_kept_though_the_task_beside_it_was_lost(
    journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F34: the case's writes are done, their task is lost, and the starter's word comes first: each is kept once."""
    ops = await journey.person(Role.OPS)
    held = Held(lambda write: write.case.get("stage") == "marking")
    attributes, losing = entries.attributes, [True]

    def lost_once(*words: Any) -> Any:
        if losing:
            losing.clear()
            raise LostError
        return attributes(*words)

    monkeypatch.setattr(bookkeeping, "apply", held.apply)
    monkeypatch.setattr(entries, "attributes", lost_once)
    receipt = await journey.hand_in(order_no)
    await held.reached.wait()

    word = WithdrawCase(by=ops, reason="reported by mistake")
    withdrawing = asyncio.create_task(journey.act(receipt, "withdraw", word))
    await journey.case_handle(receipt).describe()  # by then the word has reached Temporal
    held.go.set()
    await withdrawing

    assert not losing
    events = await journey.events(receipt)
    counted = [events.count(name) for name in ("order.read", "cause.decided", "case.withdrawn")]
    assert counted == [1, 1, 1]


@pytest.mark.failure_mode("F34")
async def test_no_mail_is_forgotten_when_its_task_was_lost(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """F34: the mail is kept, its task is lost, and the customer cancels first: it is sent or taken back, not left."""
    held = Held(lambda write: write.notice is not None)
    locally, losing = book.locally, [True]

    async def lost_once(step: Any, argument: Any) -> Any:
        if losing and held.go.is_set():
            losing.clear()
            raise LostError
        return await locally(step, argument)

    monkeypatch.setattr(bookkeeping, "apply", held.apply)
    monkeypatch.setattr(booking_telling, "locally", lost_once)
    receipt = await hand_in_booking(journey, booking(monday(), "2"))
    await held.reached.wait()

    handle = journey.client.get_workflow_handle(f"booking-dispatch/{receipt.case_number}")
    await handle.signal("cancelled", {"id": "1"})
    held.go.set()
    await handle.result()

    async with journey.database.session() as session:
        states = list(await session.exec(select(Notice.state).where(Notice.case_id == receipt.case_id)))
    assert not losing
    assert NoticeState.WAITING not in states
    assert (await journey.events(receipt)).count("booking.stands") == 1
