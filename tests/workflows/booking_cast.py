"""What the tests of bookings share: customers of their own days on the board, and what stands there."""

import itertools
import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from core import clock
from handoff.booking import CASE_PREFIX, JOURNEY, BookingRequest, Window
from handoff.states import OPEN
from records.handoff import Handoff
from records.intake import HandedIn, Receipt, hand_in
from records.outbox import OutboxRow
from records.trail import Event
from tests.support.journey import Journey
from tests.support.pressing import pressed
from workflows.acts import QUEUE

_weeks = itertools.count(6)
_customers = itertools.count(1)
_numbers = itertools.count(700_001)
"""The board is shared by all tests, and knows bookings by their case; each test's records would begin to count anew."""


def monday() -> date:
    """A Monday whose week no other test books in, beyond what the board is seeded with."""
    today = clock.now().date()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=next(_weeks))


def booking(day: date, slot: str = "2", **fields: Any) -> BookingRequest:
    """A customer who wants white goods seen to on that day."""
    number = next(_customers)
    plain = {
        "name": "Amira Yilmaz",
        "phone": "0421 555 0188",
        "email": f"amira.{number}@example.org",
        "street": "Lindenstrasse",
        "house_no": str(number),
        "postcode": "28195",
        "city": "Bremen",
        "skill": "1",
        "day_1": day,
        "slot_1": slot,
    }
    return BookingRequest.model_validate({**plain, **fields})


async def hand_in_booking(journey: Journey, request: BookingRequest) -> Receipt:
    """The booking as the form hands it in."""
    work = HandedIn(
        journey=JOURNEY,
        prefix=CASE_PREFIX,
        workflow_type="BookingDispatchWorkflow",
        task_queue=QUEUE,
        business_key=request.business_key,
        subject_key=request.subject_key,
        content=request.model_dump(mode="json"),
        source="form",
        submitted_by="ops@example.org",
    )
    async with journey.database.session() as session:
        await (await session.connection()).execute(text("SELECT setval('case_numbers', :at)"), {"at": next(_numbers)})
        return await hand_in(session, work, clock.now())


async def tell_case(journey: Journey, receipt: Receipt, signal: str, **words: Any) -> str:
    """What the customer's page leaves for the case; its id."""
    words = {"id": str(uuid.uuid4()), **words}
    async with journey.database.session() as session:
        session.add(
            OutboxRow(
                case_id=receipt.case_id,
                workflow_type="BookingDispatchWorkflow",
                workflow_id=f"{JOURNEY}/{receipt.case_number}",
                signal=signal,
                key=str(uuid.uuid4()),
                task_queue="",
                argument=words,
                created_at=clock.now(),
                next_try_at=clock.now(),
            )
        )
    return str(words["id"])


async def reschedule(journey: Journey, receipt: Receipt, window: Window, **words: Any) -> str:
    """The customer chooses that window."""
    return await tell_case(journey, receipt, "rescheduled", day=str(window.day), slot=window.slot, **words)


def ledger(journey: Journey, receipt: Receipt) -> list[tuple[str, str, str]]:
    """What was committed on the board for this case: operation, day and slot, in order."""
    rows = journey.floor.ledger("fieldboard", receipt.case_number)
    return [(row["operation"], row["after"]["day"], row["after"]["slot"]) for row in rows]


def spelled(day: date) -> str:
    """A day as the board writes it."""
    return day.strftime("%d.%m.%Y")


async def until_heard(journey: Journey, receipt: Receipt, wish: str) -> None:
    """Wait until the relay has delivered what was left for the case."""

    async def sent() -> bool:
        async with journey.database.session() as session:
            left = select(OutboxRow).where(OutboxRow.case_id == receipt.case_id, OutboxRow.signal != "")
            return all(row.sent_at for row in await session.exec(left))

    await journey.until(receipt, sent)


async def until_stands(journey: Journey, receipt: Receipt, day: date, slot: str) -> None:
    """Wait until the case says that the booking stands there."""

    async def stands() -> bool:
        async with journey.database.session() as session:
            found = select(Event.data).where(Event.case_id == receipt.case_id, Event.name == "booking.stands")
            places = [(data["day"], data["slot"]) for data in await session.exec(found.order_by(col(Event.id)))]
        return places[-1:] == [(str(day), slot)]

    await journey.until(receipt, stands)


async def until_open(journey: Journey, receipt: Receipt) -> Handoff:
    """Wait until a dispatcher can take it; the handoff."""

    async def offered() -> bool:
        return any(one.state in OPEN for one in await journey.handoffs(receipt, "dispatch"))

    await journey.until(receipt, offered)
    return (await journey.handoffs(receipt, "dispatch"))[-1]


async def dispatch(journey: Journey, handoff: Handoff, name: str, argument: Any) -> str:
    """An Update on that handoff; the sentence it answers."""
    handle = journey.client.get_workflow_handle(f"handoff/{handoff.id}")
    return await pressed(handle, name, argument)
