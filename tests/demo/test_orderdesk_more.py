"""The order desk's refunds, returns and blocks over HTTP, and what its own fault switches do."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.demo.test_orderdesk import cell, ledger_of

User = Callable[[str], Awaitable[httpx.AsyncClient]]
REFUND = {"amount": "12,50", "currency": "EUR", "reason": "14", "remarks": "BTN-REF1"}


def rows(page: httpx.Response, table: str) -> list[list[str]]:
    """The texts of a list below the order display."""
    found = re.search(rf'<table id="{table}".*?</table>', page.text, re.DOTALL)
    lines = re.findall(r'<tr class="(?:row|change)".*?</tr>', found.group(0)) if found else []
    return [re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in lines]


async def test_each_refund_adds_one(user: User) -> None:
    """The same refund twice is two refunds with numbers of their own, listed and in the ledger with nothing before."""
    client = await user("bot01")

    for _ in range(2):
        await client.post("/order/4700139/refund", data=REFUND)

    listed = rows(await client.get("/order/4700139"), "refunds")
    ledger = await ledger_of(client, "4700139")
    assert [line[1:] for line in listed] == [["12,50", "EUR", "14", "BTN-REF1"]] * 2
    assert [line[0] for line in listed] == [row["confirmation"] for row in ledger]
    assert {(row["operation"], row["reference"], row["before"]) for row in ledger} == {("refund", "BTN-REF1", None)}


async def test_a_return_is_a_header_and_up_to_five_parcels(user: User) -> None:
    """No parcel without a header; each save is a commit with its own number and reference; a sixth is refused."""
    client = await user("bot01")
    parcel = {"parcel": "P-88112388"}

    early = await client.post("/order/4700141/return/line", data=parcel)
    await client.post(
        "/order/4700141/return/header", data={"reason": "15", "carrier": "Nordpost", "remarks": "BTN-AP1"}
    )
    answers = [
        await client.post("/order/4700141/return/line", data={**parcel, "remarks": f"BTN-AP{number}"})
        for number in range(2, 8)
    ]

    display = await client.get("/order/4700141")
    ledger = await ledger_of(client, "4700141")
    assert cell(early, "msg") == "ORD-131 no return for this order"
    assert cell(answers[-1], "msg") == "ORD-132 this return has five parcels already"
    assert rows(display, "returns")[0][1:] == ["15", "Nordpost", "5", "BTN-AP1"]
    assert [row["reference"] for row in ledger] == [f"BTN-AP{number}" for number in range(1, 7)]
    assert {row["operation"] for row in ledger[1:]} == {"return_line"}


async def test_a_block_is_taken_off_once(orderdesk: Any, user: User) -> None:
    """A block that stands on the order goes and leaves a ledger row; one that is not there is ORD-133."""
    client = await user("bot01")
    await orderdesk.faults(block_order="4700144")
    before = rows(await client.get("/order/4700144"), "blocks")

    answers = [await client.post("/order/4700144/block", data={"block": "CR", "remarks": "BTN-B1"}) for _ in range(2)]

    after = rows(await client.get("/order/4700144"), "blocks")
    assert (before, after) == ([["CR", "credit check"]], [])
    assert [cell(answer, "msg")[:7] for answer in answers] == ["ORD-201", "ORD-133"]
    assert [(row["operation"], row["after"]) for row in await ledger_of(client, "4700144")] == [("remove_block", {})]


async def test_three_wrong_passwords_lock_the_account(orderdesk: Any) -> None:
    """The third in a row locks it, the right password too then; unlocking lets it in, and the count stays."""
    wrong, right = {"user": "bot10", "password": "x"}, {"user": "bot10", "password": "demo-bot-10"}

    refused = [cell(await orderdesk.http.post("/signin", data=wrong), "msg")[:7] for _ in range(3)]
    locked = await orderdesk.http.post("/signin", data=right)
    state = await orderdesk.faults(unlock_account="bot10")
    entered = await orderdesk.http.post("/signin", data=right)

    assert refused == ["ORD-310"] * 3
    assert cell(locked, "msg")[:7] == "ORD-311"
    assert (state["failed_signins"]["bot10"], state["locked_accounts"]) == (3, [])
    assert entered.status_code == 303


async def test_an_expired_password_lets_nobody_in(orderdesk: Any) -> None:
    """The right password leads to S01 with ORD-312 and to no session."""
    await orderdesk.faults(password_expired="bot09")

    page = await orderdesk.http.post("/signin", data={"user": "bot09", "password": "demo-bot-09"})

    assert (cell(page, "screen"), cell(page, "msg")[:7]) == ("S01", "ORD-312")
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    ("layout", "inputs"),
    [
        ("v1", ["amount", "currency", "reason", "remarks"]),
        ("v2", ["remarks", "reason", "currency", "amount"]),
        ("v3", ["amount", "currency", "reason", "remarks"]),
        ("v4", ["amount_new", "currency", "reason", "remarks"]),
        ("v5", ["amount", "currency", "remarks"]),
        ("v6", ["amount", "currency", "reason", "remarks", "cost_centre"]),
    ],
)
async def test_a_layout_changes_one_thing(orderdesk: Any, user: User, layout: str, inputs: list[str]) -> None:
    """Each layout shows its inputs; v3 alone has another caption."""
    client = await user("bot01")
    await orderdesk.faults(layout=layout)

    page = await client.get("/order/4700145/refund")

    assert re.findall(r'<input type="text" name="(\w+)"', page.text) == inputs
    assert ("Total" in page.text) == (layout == "v3")


async def test_a_second_refund_may_be_asked_about(orderdesk: Any, user: User) -> None:
    """With the warning on, a second refund is a question that saves nothing until it is answered with yes."""
    client = await user("bot01")
    await client.post("/order/4700148/refund", data=REFUND)
    await orderdesk.faults(duplicate_warning="page")

    asked = await client.post("/order/4700148/refund", data=REFUND)
    saved_meanwhile = len(await ledger_of(client, "4700148"))
    forced = await client.post("/order/4700148/refund", data={**REFUND, "force": "1"})

    assert cell(asked, "msg") == "ORD-130 a refund for this order already exists - create anyway?"
    assert (cell(asked, "screen"), saved_meanwhile, cell(forced, "screen")) == ("S41", 1, "S40")


async def test_a_lagging_display_shows_yesterday(orderdesk: Any, user: User) -> None:
    """What was saved is in the ledger and on the change screen at once, and on the display only after the lag."""
    client = await user("bot01")
    await orderdesk.faults(lag_seconds=600)
    await client.post("/order/4700149/refund", data=REFUND)

    lagging = await client.get("/order/4700149")
    await orderdesk.faults(lag_seconds=0)
    now = await client.get("/order/4700149")

    assert (rows(lagging, "refunds"), len(rows(now, "refunds"))) == ([], 1)


@pytest.mark.parametrize(
    ("switch", "path", "typed", "shown"),
    [
        ({"cut_texts": 3}, "address", {"street": "Deichweg", "postcode": "28195"}, ("street", "Dei")),
        ({"upper_case": True}, "address", {"city": "Bremen", "postcode": "28195"}, ("city", "BREMEN")),
        ({"swap_dates": True}, "date", {"date": "03.12.2026", "window": "1"}, ("date", "12.03.2026")),
    ],
)
async def test_values_can_be_mistreated(
    orderdesk: Any, user: User, switch: dict[str, object], path: str, typed: dict[str, str], shown: tuple[str, str]
) -> None:
    """A text is cut off or put in capitals, a date kept month first, with the usual answer that it was saved."""
    client = await user("bot01")
    await orderdesk.faults(**switch)

    saved = await client.post(f"/order/4700152/{path}", data=typed)

    assert cell(saved, "msg").startswith("ORD-201")
    assert cell(await client.get("/order/4700152"), f"d_{shown[0]}") == shown[1]


async def test_hostile_text_is_escaped(orderdesk: Any, user: User) -> None:
    """The desk itself shows it as text; control and bidi characters are really there."""
    client = await user("bot01")
    await orderdesk.faults(hostile_text=True)

    page = await client.get("/order/4700153")

    assert "&lt;script&gt;" in cell(page, "d_name")
    assert "<script>document" not in page.text
    assert {"\u202e", "\x07"} <= set(page.text)


async def test_an_order_number_can_find_several(orderdesk: Any, user: User) -> None:
    """With namesakes on, the number leads to a list, from which the exact order is opened."""
    client = await user("bot01")
    await orderdesk.faults(homonyms="prefix")

    listed = await client.get("/order/4700159")
    opened = await client.get("/order/4700159?exact=true")

    assert re.findall(r'class="order_no"[^>]*>(\d+)<', listed.text) == ["47001591", "4700159"]
    assert cell(opened, "d_order_no") == "4700159"


async def test_every_switch_stands_on_the_page(orderdesk: Any) -> None:
    """Every switch of the state and every button can be reached by hand, and a choice takes only its options."""
    page = (await orderdesk.http.get("/faults")).text
    state = (await orderdesk.http.get("/faults.json")).json()

    refused = await orderdesk.http.post("/faults", json={"layout": "v7"})

    shown = {"locked_orders", "locks", "sessions", "failed_signins", "locked_accounts"}
    missing = [name for name in state.keys() - shown if f'name="{name}"' not in page]
    assert missing == []
    assert 'name="block_order"' in page
    assert refused.status_code == 422
