"""The desk: what matters most in front, everything known beside the decision, and a preview that is the truth."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from handoff.messages import for_resolution
from handoff.packet import Customer
from handoff.resolution import Reschedule
from records.people import Role
from systems import orderdesk
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.desk_cast import offer

AGENT = "agent@example.org"
SOON, LATER, OVER = timedelta(minutes=10), timedelta(hours=3), -timedelta(minutes=5)
ADDRESS = {"kind": "correct_address", "street": "Hafenweg", "house_no": "21", "postcode": "28195", "city": "Bremen"}
DATE = {"kind": "reschedule", "delivery_date": "2026-11-24", "window_code": "2"}


def order_of(page: str) -> list[str]:
    """The case numbers of a page in their order, once each."""
    return list(dict.fromkeys(re.findall(r"/desk/(FD-\d+)", page)))


async def mine(console: Console, order_no: str = "4700126", **changes: Any) -> str:
    return await offer(console.database, NOW, order_no, LATER, holder=AGENT, **changes)


async def test_an_empty_desk_says_what_would_be_here(agent: httpx.AsyncClient) -> None:
    """Nothing at the desk: the page says so, and Next leads back to it with a sentence."""
    page = (await agent.get("/desk")).text
    answer = await agent.get("/desk/next")

    assert "Nothing waits at the desk." in page
    assert answer.headers["location"] == "/desk"


async def test_the_most_urgent_case_comes_first(agent: httpx.AsyncClient, console: Console) -> None:
    """Mine, then what is offered by its due time, then what others have; Next opens what is due first."""
    later = await offer(console.database, NOW, "4700101", LATER)
    soon = await offer(console.database, NOW, "4700102", SOON)
    over = await offer(console.database, NOW, "4700103", OVER)
    own = await mine(console)
    others = await offer(console.database, NOW, "4700105", OVER * 2, holder="somebody@example.org")

    page = (await agent.get("/desk")).text
    following = await agent.get("/desk/next")

    assert order_of(page) == [own, over, soon, later, others]
    assert "3 cases wait for somebody." in page
    assert following.headers["location"] == f"/desk/{over}?next=1"


async def test_an_open_queue_says_that_it_changed(agent: httpx.AsyncClient, console: Console) -> None:
    """The page asks again with the count it shows; another count is told with a way to see it, and no row moves."""
    await offer(console.database, NOW, "4700101", SOON)

    same, changed = (await agent.get("/desk?shown=1")).text, (await agent.get("/desk?shown=0")).text

    assert "It was" not in same
    assert "It was 0, show" in changed


async def test_a_row_tells_the_case_in_one_line(agent: httpx.AsyncClient, console: Console) -> None:
    """Due time, order, what happened, cause, customer and tier stand in the queue."""
    await offer(console.database, NOW, "4700101", SOON)

    page = (await agent.get("/desk")).text
    for said in ("4700101", "wrong house number. Note: Number 12", "Address", "Grethe Holm", 'data-time="due"'):
        assert said in page


async def test_a_long_queue_comes_in_pages(agent: httpx.AsyncClient, console: Console) -> None:
    """Each case of a queue of 53 is on exactly one of its two pages, and the count is of all of them."""
    for number in range(53):
        await offer(console.database, NOW, str(4701000 + number), timedelta(minutes=number % 7))

    first = (await agent.get("/desk")).text
    following = re.search(r'href="(\?after=[^"]+)"', first)
    assert following is not None
    second = (await agent.get("/desk" + unescape(following[1]))).text

    assert "53 cases wait" in first
    assert (len(order_of(first)), len(order_of(second))) == (50, 3)
    assert len({*order_of(first), *order_of(second)}) == 53


async def test_the_workbench_shows_everything_known(agent: httpx.AsyncClient, console: Console) -> None:
    """What happened, cause and rule, customer, order, promise, what is done and missing, ticket, next step."""
    number = await offer(console.database, NOW, "4700126", SOON)

    page = (await agent.get(f"/desk/{number}")).text
    for said in (
        "could not be delivered on 18 Nov 2026",
        "rule failed-delivery-cause, version 1",
        "Grethe Holm",
        "0421 555 0123",
        "Hafenweg 12, 28195 Bremen",
        "Delivery on 18 Nov 2026, 12:00 to 16:00",
        "Order marked: delivery failed",
        "0001234",
        "Who was at the door",
        "T-000123",
        "Ask the customer for the right address",
        "Pick up",
    ):
        assert said in page
    assert 'name="kind"' not in page


async def test_the_decision_knows_what_is_known(agent: httpx.AsyncClient, console: Console) -> None:
    """Whoever has the case gets a form for each allowed decision, with the order's address and window filled in."""
    page = (await agent.get(f"/desk/{await mine(console)}")).text

    assert re.findall(r'name="kind" id="[\w-]+" value="(\w+)"', page) == ["correct_address", "reschedule", "close"]
    assert 'name="street"' in page
    assert 'value="Hafenweg"' in page
    assert '<option value="2" selected>12:00 to 16:00</option>' in page
    assert 'min="2026-11-21"' in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"kind": "reschedule", "delivery_date": "2026-11-20"}, "Tomorrow or later, please."),
        ({"kind": "reschedule", "delivery_date": "2027-11-20"}, "At most 90 days ahead."),
        ({"kind": "reschedule", "delivery_date": ""}, "This is needed."),
        ({**ADDRESS, "postcode": "2819"}, "This does not look right"),
        ({"kind": "reschedule", "delivery_date": ""}, ">New delivery date</a>: This is needed."),
        ({"kind": "close", "note": ""}, "This is needed"),
        ({"kind": "", "note": ""}, "Choose how it goes on."),
        ({"kind": "refund"}, "Choose how it goes on."),
    ],
)
async def test_what_is_wrong_with_a_decision_is_said(
    agent: httpx.AsyncClient, console: Console, typed: dict[str, str], said: str
) -> None:
    """A decision that cannot be is answered 422 with a sentence, and everything typed is still there."""
    number = await mine(console)

    answer = await agent.post(f"/cases/{number}/previews", data={"note": "", **typed, "house_no": "21 rear"})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="21 rear"' in answer.text


async def test_an_address_that_is_there_already_is_no_correction(agent: httpx.AsyncClient, console: Console) -> None:
    """Nobody is written that an address was corrected when none was."""
    number = await mine(console)

    answer = await agent.post(f"/cases/{number}/previews", data={**ADDRESS, "house_no": "12", "note": ""})

    assert answer.status_code == 422
    assert "This is the address on the order already" in answer.text


async def test_the_preview_is_what_the_bot_keys(agent: httpx.AsyncClient, console: Console) -> None:
    """Each field that the operation keys is shown as it will be keyed, with what is there now and what a code means."""
    number = await mine(console)

    page = unescape((await agent.post(f"/cases/{number}/previews", data=DATE)).text)

    entry = orderdesk.NewDeliveryDate(order_no="4700126", delivery_date=date(2026, 11, 24), window_code="2")
    shown = re.findall(r'<tr><th scope="row">([^<]+)</th>.*?<strong class="code">([^<]+)</strong>', page)
    assert shown == orderdesk.RESCHEDULE.preview(entry)
    assert "50 (delivery failed)" in page
    assert "new date set" in page


async def test_the_preview_is_what_the_customer_reads(agent: httpx.AsyncClient, console: Console) -> None:
    """The mail is shown word for word, with its recipient."""
    number = await mine(console)

    page = unescape((await agent.post(f"/cases/{number}/previews", data=DATE)).text)

    decision = Reschedule(delivery_date=date(2026, 11, 24), window_code="2")
    message = for_resolution(decision, name="Grethe Holm", order_no="4700126", case_number=number)
    assert message is not None
    assert message.body in page
    assert message.subject in page
    assert "grethe@example.org" in page


@pytest.mark.parametrize(
    ("typed", "customer", "said"),
    [
        (DATE, {"contact_preference": "phone"}, "The customer prefers to be called."),
        (DATE, {"email": ""}, "There is no e-mail address on the order."),
        ({"kind": "close", "note": "customer cancelled"}, {}, "closed without an entry is not written about"),
    ],
)
async def test_the_preview_says_why_no_mail_is_sent(
    agent: httpx.AsyncClient, console: Console, typed: dict[str, str], customer: dict[str, str], said: str
) -> None:
    """Where the customer is not written to, the page says so and why."""
    known = Customer.model_validate({"name": "Grethe Holm", "email": "grethe@example.org", **customer})
    number = await mine(console, customer=known)

    page = (await agent.post(f"/cases/{number}/previews", data=typed)).text

    assert "No mail is sent." in page
    assert said in page


async def test_a_decision_can_be_changed_after_its_preview(agent: httpx.AsyncClient, console: Console) -> None:
    """Change it leads back to the form with everything typed."""
    number = await mine(console)

    page = (await agent.post(f"/cases/{number}/previews", data={**ADDRESS, "note": "rear house", "step": "edit"})).text

    assert 'value="21"' in page
    assert "rear house" in page


async def test_a_decision_is_not_lost_while_temporal_is_away(agent: httpx.AsyncClient, console: Console) -> None:
    """Without Temporal a decision is kept, and the desk says so."""
    number = await mine(console)

    typed = {**ADDRESS, "note": "rear house", "urgent": "1", "key": "kept-key"}
    answer = await agent.post(f"/cases/{number}/resolutions", data=typed)

    desk = await agent.get(answer.headers["location"])
    assert answer.status_code == 303
    assert "Kept: it is delivered when Temporal is back" in desk.text


async def test_a_pickup_waits_for_temporal(agent: httpx.AsyncClient, console: Console) -> None:
    """Without Temporal a pickup is answered 503 with a button to try it again."""
    number = await offer(console.database, NOW, "4700101", SOON)

    answer = await agent.post(f"/cases/{number}/pickups", data={"key": "one"})

    assert answer.status_code == 503
    assert "Send again" in answer.text
    assert 'name="key" value="one"' in answer.text


async def test_a_case_that_never_came_to_the_desk_is_not_found(agent: httpx.AsyncClient) -> None:
    """The workbench of an unknown case answers 404 with its number."""
    answer = await agent.get("/desk/FD-999999")

    assert answer.status_code == 404
    assert "FD-999999" in answer.text


async def test_who_may_not_decide_only_looks(console: Console, as_role: SignedIn) -> None:
    """IT sees the queue and the packet but no button to pick up; a supervisor, who may decide about more, has it."""
    number = await offer(console.database, NOW, "4700101", SOON)
    lookers = [await as_role(Role.IT), await as_role(Role.SUPERVISOR)]

    pages = [await client.get(f"/desk/{number}") for client in lookers]

    assert [page.status_code for page in pages] == [200, 200]
    assert ["/pickups" in page.text for page in pages] == [False, True]


async def test_programs_see_the_queue(agent: httpx.AsyncClient, console: Console) -> None:
    """The API lists offered handoffs by due time, with their packets, page by page."""
    numbers = [await offer(console.database, NOW, str(4700101 + n), timedelta(minutes=n)) for n in range(3)]

    first = (await agent.get("/api/handoffs", params={"state": "offered", "limit": 2})).json()
    rest = (await agent.get("/api/handoffs", params={"limit": 2, "after": first["next"]})).json()

    found = [*first["handoffs"], *rest["handoffs"]]
    assert [one["case_number"] for one in found] == numbers
    assert found[0]["packet"]["allowed"] == ["correct_address", "reschedule", "close"]
    assert rest["next"] == ""


async def test_programs_get_the_one_error_shape(agent: httpx.AsyncClient, console: Console) -> None:
    """A wrong state, an unknown resolution and an absent Temporal are answered in the one error shape."""
    number = await mine(console)
    address = f"/api/cases/{number}/resolutions"

    wrong = await agent.get("/api/handoffs", params={"state": "lost"})
    unknown = await agent.post(address, json={"resolution": {"kind": "refund"}})
    away = await agent.post(f"/api/cases/{number}/pickups")

    codes = [(answer.status_code, answer.json()["error"]["code"]) for answer in (wrong, unknown, away)]
    assert codes == [(422, "invalid"), (422, "invalid"), (503, "temporal_away")]
