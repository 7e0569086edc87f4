"""Bookings on pages: handed in by form or program, and changed by the customer with nothing but a link."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser
from sqlmodel import col, select

from console import reports
from console.booking_forms import work_of
from handoff import links
from handoff.booking import BookingRequest, Place
from handoff.failed_delivery import FailedDeliveryReport
from handoff.packet import Packet
from handoff.slot_choice import SlotChoice
from handoff.states import HandoffState
from records.case import Case
from records.events import Happened, append
from records.handoff import Handoff
from records.intake import hand_in
from records.outbox import OutboxRow
from records.people import Role
from records.trail import Decision, Event
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import sign_in
from tests.console.test_told_in_a_browser import looked_at
from workflows.dispatching import packet_for

DAY = NOW.date() + timedelta(days=8)
SECRET = links.link_token()
BOOKING: dict[str, Any] = {
    "name": "Amira Yilmaz",
    "phone": "0421 555 0188",
    "email": "amira@example.org",
    "street": "Lindenstrasse",
    "house_no": "7",
    "postcode": "28195",
    "city": "Bremen",
    "skill": "1",
    "day_1": DAY.isoformat(),
    "slot_1": "2",
}


@pytest.fixture
async def link(console: Console) -> str:
    """An appointment that stands, with another slot that was free; the link in the customer's mail."""
    place, other = (Place(day=DAY, slot=slot, technician="104") for slot in ("2", "3"))
    async with console.database.session() as session:
        receipt = await hand_in(
            session, work_of(BookingRequest.model_validate(BOOKING), "form", "ops@example.org"), NOW
        )
        made = Happened(name="booking.link_made", data={"hash": links.hashed(SECRET)})
        stands = Happened(name="booking.stands", data=place.model_dump(mode="json"))
        await append(session, receipt.case_id, NOW, made, stands)
        verdict = {"alternatives": [other.model_dump(mode="json")]}
        session.add(
            Decision(case_id=receipt.case_id, at=NOW, rule="first_wish", version="1", inputs={}, verdict=verdict)
        )
    return f"/bookings/{receipt.case_number}.{SECRET}"


async def test_a_booking_by_form_is_one_case_however_often_it_is_pressed(console: Console) -> None:
    """The same form twice is one case of the journey; its receipt, its page and its start by the outbox are there."""
    ops = await console.signed_in(Role.OPS)

    first = await ops.post("/intake/bookings", data={**BOOKING, "key": "k" * 16})
    again = await ops.post("/intake/bookings", data={**BOOKING, "key": "k" * 16})

    assert first.headers["location"] == again.headers["location"]
    assert "White goods" in (await ops.get(first.headers["location"])).text
    async with console.database.session() as session:
        (case,) = await session.exec(select(Case))
        (row,) = await session.exec(select(OutboxRow))
    assert (case.journey, case.number[:3], row.workflow_type) == ("booking-dispatch", "BK-", "BookingDispatchWorkflow")
    assert "Amira Yilmaz" in (await ops.get(f"/cases/{case.number}")).text
    assert "booking for Amira Yilmaz" in (await ops.get("/intake")).text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"postcode": "2819"}, "Five digits"),
        ({"day_1": NOW.date().isoformat()}, "Tomorrow at the earliest"),
        ({"email": ""}, "needs an e-mail address"),
        ({"day_2": (DAY + timedelta(days=40)).isoformat()}, "within 28 days"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field(console: Console, wrong: dict[str, str], said: str) -> None:
    """A booking that cannot be taken comes back filled with a sentence, by form and by program, and opens no case."""
    ops = await console.signed_in(Role.OPS)

    form = await ops.post("/intake/bookings", data={**BOOKING, **wrong})
    sent = {**BOOKING, **{name: text or None for name, text in wrong.items()}}
    program = await ops.post("/api/bookings", json={name: text for name, text in sent.items() if text is not None})

    assert (form.status_code, program.status_code) == (422, 422)
    assert said in form.text
    assert "Lindenstrasse" in form.text
    async with console.database.session() as session:
        assert (await session.exec(select(Case))).all() == []


async def test_a_customer_chooses_another_time_once(console: Console, link: str) -> None:
    """Sent twice it is one word for the case; what was not offered is not taken; nobody else's data is on the page."""
    async with console.client() as phone:
        page = await phone.get(link)
        form = {"key": str(uuid.uuid4()), "time": f"{DAY}/3"}
        refused = await phone.post(link, data={**form, "time": f"{DAY}/4"})
        for _ in range(2):
            await phone.post(link, data=form)
        thanks = await phone.get(link)

    assert "between 10 and 12" in page.text
    assert "0421" not in page.text
    assert refused.status_code == 422
    assert "between 12 and 14" in thanks.text
    async with console.database.session() as session:
        told = (await session.exec(select(OutboxRow).where(OutboxRow.signal != ""))).all()
        chosen = (await session.exec(select(Event).where(col(Event.name).startswith("customer.")))).all()
    assert [(row.signal, row.argument["slot"], row.key) for row in told] == [("rescheduled", "3", form["key"])]
    assert len(chosen) == 1


async def test_a_link_that_is_nobodys_shows_nothing(console: Console, link: str) -> None:
    """A wrong secret, an unknown number, no secret: nothing of the case, and nothing is kept."""
    number = link.rpartition("/")[2].partition(".")[0]
    async with console.client() as phone:
        answers = [await phone.get(f"/bookings/{token}") for token in (f"{number}.x", number, f"BK-999999.{SECRET}")]
        kept = await phone.post(f"/bookings/{number}.x", data={"key": str(uuid.uuid4()), "cancel": "yes"})

    assert {answer.status_code for answer in (*answers, kept)} == {404}
    assert not any("Lindenstrasse" in answer.text for answer in answers)


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
async def test_form_and_link_are_usable_on_a_phone(
    width: int, scheme: Any, screen: Browser, address: str, link: str
) -> None:
    """No axe violation, nothing too wide, empty, with errors and for the customer, who cancels in two taps."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "ops")

    await page.goto(f"{address}/intake/bookings")
    troubles = await looked_at(page, width)
    await page.get_by_role("button", name="Hand in").click()
    await page.get_by_text("Not sent yet").wait_for()
    troubles += await looked_at(page, width)
    await page.goto(f"{address}{link}")
    troubles += await looked_at(page, width)
    await page.get_by_text("Cancel the appointment").click()
    await page.get_by_role("button", name="Cancel it").click()
    await page.get_by_text("Thank you, we have it").wait_for()
    troubles += await looked_at(page, width)
    await context.close()

    assert not troubles


async def test_the_desk_shows_dispatch_to_dispatchers(console: Console) -> None:
    """What waits in the dispatch queue is seen by dispatchers and supervisors, and what waits elsewhere by agents."""
    async with console.database.session() as session:
        work = work_of(BookingRequest.model_validate(BOOKING), "form", "ops@example.org")
        receipt = await hand_in(session, work, NOW)
        for queue, number in (("dispatch", 1), ("service", 2)):
            packet = Packet(case_number=receipt.case_number, happened=f"Waits in {queue}.").model_dump(mode="json")
            row: dict[str, Any] = {"case_id": receipt.case_id, "queue": queue, "number": number, "packet": packet}
            session.add(Handoff(**row, state=HandoffState.OFFERED, offered_at=NOW, due_at=NOW))

    seen = {}
    for role in (Role.DISPATCHER, Role.AGENT, Role.SUPERVISOR):
        page = (await (await console.signed_in(role)).get("/desk")).text
        seen[role] = [queue for queue in ("dispatch", "service") if f"Waits in {queue}." in page]

    assert seen == {
        Role.DISPATCHER: ["dispatch"],
        Role.AGENT: ["service"],
        Role.SUPERVISOR: ["dispatch", "service"],
    }


async def test_a_dispatcher_sees_what_the_bot_keys_and_the_customer_reads(console: Console) -> None:
    """One of the nearest slots chosen: the preview names its place, and the mail; a day that is past is refused."""
    request = BookingRequest.model_validate(BOOKING)
    place = Place(day=DAY, slot="3", technician="104")
    choice = SlotChoice(rule="no_slot", reason="none", alternatives=(place,))
    async with console.database.session() as session:
        receipt = await hand_in(session, work_of(request, "form", "ops@example.org"), NOW)
        packet = packet_for(receipt.case_number, request, request.windows, choice, None, [])
        row: dict[str, Any] = {"case_id": receipt.case_id, "queue": "dispatch", "kind": "dispatch"}
        row |= {"offered_at": NOW, "due_at": NOW}
        held: dict[str, Any] = {
            "state": HandoffState.PICKED_UP,
            "picked_up_by": "dispatcher@example.org",
            "picked_up_at": NOW,
        }
        session.add(Handoff(**row, **held, packet=packet.model_dump(mode="json")))
    dispatcher = await console.signed_in(Role.DISPATCHER)

    bench = await dispatcher.get(f"/desk/{receipt.case_number}")
    form = {"kind": "book_slot", "nearest": f"{DAY}/3/104", "note": ""}
    preview = await dispatcher.post(f"/cases/{receipt.case_number}/previews", data=form)
    typed = {**form, "nearest": "", "day": NOW.date().isoformat(), "slot_code": "1", "technician": "104"}
    past = await dispatcher.post(f"/cases/{receipt.case_number}/previews", data=typed)

    assert f'value="{DAY}/3/104" selected' in bench.text
    assert DAY.strftime("%d.%m.%Y") in preview.text
    assert "between 12 and 14" in preview.text
    assert (past.status_code, "Tomorrow or later" in past.text) == (422, True)


async def test_a_reference_is_one_booking(console: Console) -> None:
    """The same reference and content twice is one case; other content is its proposal, which dispatchers compare."""
    ops = await console.signed_in(Role.OPS)
    sent = {**BOOKING, "reference": "PORTAL-7"}

    first = await ops.post("/api/bookings", json=sent)
    same = await ops.post("/api/bookings", json=sent)
    other = await ops.post("/api/bookings", json={**sent, "slot_1": "4", "phone": "0421 555 0199"})
    page = f"/cases/{first.json()['case_number']}"
    seen = {}
    for role in (Role.OPS, Role.DISPATCHER, Role.AGENT):
        text = (await (await console.signed_in(role)).get(page)).text
        seen[role] = ("0421 555 0199" in text, "Accept the proposed" in text)

    assert [answer.json()["verdict"] for answer in (first, same, other)] == ["started", "same", "proposed"]
    assert seen == {Role.OPS: (True, False), Role.DISPATCHER: (True, True), Role.AGENT: (True, False)}


async def test_who_may_compare_a_booking_may_not_compare_a_delivery(console: Console) -> None:
    """A dispatcher who answers a proposal of a failed delivery is refused, and nothing is told to its case."""
    async with console.database.session() as session:
        report = {"order_no": "4700123", "parcel_no": "P-88112388", "failed_on": NOW.date(), "reason_text": "moved"}
        made = FailedDeliveryReport.model_validate(report)
        first = await hand_in(session, reports.work_of(made, "form", "ops@example.org"), NOW)
        other = made.model_copy(update={"reason_text": "closed"})
        proposal = await hand_in(session, reports.work_of(other, "form", "ops@example.org"), NOW)
    dispatcher = await console.signed_in(Role.DISPATCHER)

    answer = await dispatcher.post(f"/proposals/{proposal.submission_id}/reviews", data={"verdict": "accept"})

    assert (first.case_number, answer.status_code) == (proposal.case_number, 403)
