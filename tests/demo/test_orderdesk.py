"""The order desk over HTTP: sign-in, search, the three changes, its record lock, its codes."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

User = Callable[[str], Awaitable[httpx.AsyncClient]]
FAILED = {"status": "50", "reason": "12", "attempt": "1", "remarks": "nobody home BTN-AAAA1111"}


def cell(page: httpx.Response, element: str) -> str:
    """The text of the element with that id."""
    found = re.search(rf'id="{element}"[^>]*>([^<]*)<', page.text)
    assert found, f"no #{element} in {page.text}"
    return found.group(1)


async def ledger_of(client: httpx.AsyncClient, order_no: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get("/ledger.json")).json()
    return [row for row in rows if row["key"] == order_no]


async def test_wrong_password_is_refused_and_counted(orderdesk: Any) -> None:
    """A failed sign-in shows ORD-310 and is counted against its account."""
    page = await orderdesk.http.post("/signin", data={"user": "bot09", "password": "guess"})

    assert cell(page, "msg") == "ORD-310 Sign-in failed"
    assert (await orderdesk.http.get("/faults.json")).json()["failed_signins"]["bot09"] == 1


async def test_screens_need_a_session(orderdesk: Any) -> None:
    """Without a session every screen answers S90 with ORD-301, still with HTTP 200."""
    for path in ("/search", "/menu", "/result?order_no=4700123", "/order/4700123", "/order/4700123/date"):
        page = await orderdesk.http.get(path)

        assert (page.status_code, cell(page, "screen"), cell(page, "msg")) == (200, "S90", "ORD-301 session expired")


async def test_search_by_order_number(user: User) -> None:
    """An order number leads to the display with its numeric codes and their texts."""
    page = await (await user("bot01")).get("/result", params={"order_no": "4700123"})

    assert cell(page, "screen") == "S20"
    shown = [cell(page, f"d_{name}") for name in ("order_no", "customer_no", "status", "status_text", "parcels")]
    assert shown == ["4700123", "K-10203", "30", "out for delivery", "P-88112388, P-88112389"]


async def test_search_by_customer_lists_the_orders(user: User) -> None:
    """A customer number, and a part of a name in any case, lead to a list with links."""
    client = await user("bot01")

    by_number = await client.get("/result", params={"customer_no": "k-10203"})
    by_name = await client.get("/result", params={"name": "WOLFF"})

    for page in (by_number, by_name):
        assert cell(page, "screen") == "S15"
        assert '<a class="order_no" href="/order/4700123">4700123</a>' in page.text


@pytest.mark.parametrize("asked", [{"order_no": "4799999"}, {"customer_no": "K-0"}, {"name": "nobody here"}, {}])
async def test_search_without_a_result(user: User, asked: dict[str, str]) -> None:
    """Nothing found is ORD-101 on the search screen."""
    page = await (await user("bot01")).get("/result", params=asked)

    assert (cell(page, "screen"), cell(page, "msg")) == ("S10", "ORD-101 Order not found")


@pytest.mark.parametrize(
    ("order_no", "path", "typed", "operation", "shown"),
    [
        ("4700101", "failure", FAILED, "mark_failed_delivery", {"status": "50", "reason": "12", "attempt": "1"}),
        (
            "4700103",
            "date",
            {"date": "24.11.2026", "window": "2", "remarks": "BTN-BBBB2222"},
            "reschedule",
            {"status": "60", "date": "24.11.2026", "window": "2", "window_text": "12-16"},
        ),
        (
            "4700105",
            "address",
            {"street": "Deichweg", "house_no": "9a", "postcode": "28199", "city": "Bremen", "remarks": "BTN-CCCC3333"},
            "correct_address",
            {"street": "Deichweg", "house_no": "9a", "postcode": "28199", "city": "Bremen", "status": "30"},
        ),
    ],
)
async def test_a_change_is_saved_shown_and_in_the_ledger(
    user: User, order_no: str, path: str, typed: dict[str, str], operation: str, shown: dict[str, str]
) -> None:
    """Each change screen saves what was typed, answers with a change number, and leaves one ledger row."""
    client = await user("bot02")
    form = await client.get(f"/order/{order_no}/{path}")
    assert f"confirm('Save change of order {order_no}?')" in form.text

    saved = await client.post(f"/order/{order_no}/{path}", data={**typed, "version": "1"})

    number = cell(saved, "change_no")
    assert cell(saved, "msg") == f"ORD-201 Change {number} saved"
    display = await client.get(f"/order/{order_no}")
    assert {name: cell(display, f"d_{name}") for name in shown} == shown
    assert typed["remarks"] in cell(display, "d_remarks")
    assert f'<td class="c_no">{number}</td>' in display.text
    (row,) = await ledger_of(client, order_no)
    told = {name: row[name] for name in ("system", "account", "operation", "reference", "confirmation")}
    assert told == {
        "system": "orderdesk",
        "account": "bot02",
        "operation": operation,
        "reference": re.findall("BTN-[A-Z0-9]+", typed["remarks"])[0],
        "confirmation": number,
    }
    assert (row["before"]["version"], row["after"]["version"]) == (1, 2)


@pytest.mark.parametrize(
    ("path", "typed", "field"),
    [
        ("failure", {"status": "40", "reason": "12", "attempt": "1"}, "Status"),
        ("failure", {"status": "50", "reason": "99", "attempt": "1"}, "Reason code"),
        ("failure", {"status": "50", "reason": "", "attempt": "1"}, "Reason code"),
        ("failure", {"status": "50", "reason": "12", "attempt": "0"}, "Attempt"),
        ("date", {"date": "31.11.2026", "window": "2"}, "Delivery date"),
        ("date", {"date": "2026-11-30", "window": "2"}, "Delivery date"),
        ("date", {"date": "00.00.0000", "window": "2"}, "Delivery date"),
        ("date", {"date": "30.11.2026", "window": "4"}, "Time window"),
        ("address", {"street": "", "house_no": "1", "postcode": "28195", "city": "Bremen"}, "Street"),
        ("address", {"street": "A", "house_no": "1", "postcode": "2819", "city": "Bremen"}, "Postcode"),
    ],
)
async def test_wrong_input_is_refused_and_kept(user: User, path: str, typed: dict[str, str], field: str) -> None:
    """A wrong field is ORD-102, nothing is saved, and what was typed stands there again."""
    client = await user("bot01")

    page = await client.post(f"/order/4700107/{path}", data={**typed, "remarks": "still here"})

    assert cell(page, "msg") == f"ORD-102 Input not valid: {field}"
    assert 'value="still here"' in page.text
    assert await ledger_of(client, "4700107") == []


@pytest.mark.parametrize("order_no", ["4700126", "4700120"])
async def test_delivered_and_cancelled_orders_refuse_changes(user: User, order_no: str) -> None:
    """Status 40 and 90 refuse a change when it is opened and when it is saved."""
    client = await user("bot01")

    opened = await client.get(f"/order/{order_no}/failure")
    saved = await client.post(f"/order/{order_no}/failure", data=FAILED)

    assert cell(opened, "msg") == cell(saved, "msg") == "ORD-120 status does not allow this change"
    assert cell(opened, "screen") == "S20"
    assert await ledger_of(client, order_no) == []


async def test_another_user_meets_the_record_lock(user: User) -> None:
    """While one user has the record open, another can neither open nor save it; leaving gives it back."""
    first, second = await user("meier"), await user("bot03")
    await first.get("/order/4700109/failure")

    opened = await second.get("/order/4700109/date")
    saved = await second.post("/order/4700109/failure", data=FAILED)
    await first.get("/order/4700109/leave")
    afterwards = await second.get("/order/4700109/date")

    assert cell(opened, "msg") == cell(saved, "msg") == "ORD-113 record locked by MEIER"
    assert cell(afterwards, "screen") == "S32"
    assert await ledger_of(first, "4700109") == []


@pytest.mark.parametrize("way_out", ["/search", "/result?name=wolff", "/order/4700102", "/signoff"])
async def test_walking_away_gives_the_record_back(user: User, way_out: str) -> None:
    """Going to any other screen, and signing off, releases the lock."""
    first, second = await user("bot04"), await user("bot05")
    await first.get("/order/4700111/failure")

    await first.get(way_out)

    assert cell(await second.get("/order/4700111/failure"), "screen") == "S31"


async def test_a_change_made_meanwhile_by_another_user_is_not_overwritten(user: User) -> None:
    """Who opened the record before somebody else saved it gets ORD-114, and nothing is lost."""
    first, second = await user("bot04"), await user("bot05")
    await first.get("/order/4700113/failure")
    await first.get("/search")
    await second.post("/order/4700113/failure", data={**FAILED, "version": "1"})

    late = await first.post("/order/4700113/date", data={"date": "24.11.2026", "window": "1", "version": "1"})

    assert cell(late, "msg") == "ORD-114 record changed by BOT05 since it was opened"
    assert [row["account"] for row in await ledger_of(first, "4700113")] == ["bot05"]


async def test_the_same_change_twice_is_accepted_happily(user: User) -> None:
    """Saving one form twice makes two changes: preventing that is not this system's work."""
    client = await user("bot06")
    await client.get("/order/4700115/failure")

    for _ in range(2):
        await client.post("/order/4700115/failure", data={**FAILED, "version": "1"})

    rows = await ledger_of(client, "4700115")
    assert len({row["confirmation"] for row in rows}) == 2
    assert {row["reference"] for row in rows} == {"BTN-AAAA1111"}


async def test_what_does_not_fit_is_cut_off(user: User) -> None:
    """Columns have a width: a long street loses its end without a word, and old remarks go first."""
    client = await user("bot01")
    long = {"street": "S" * 40, "house_no": "12345678", "postcode": "28195", "city": "Bremen"}

    for n in range(5):
        await client.post("/order/4700117/address", data={**long, "remarks": f"{n}" * 200})

    display = await client.get("/order/4700117")
    assert (cell(display, "d_street"), cell(display, "d_house_no")) == ("S" * 30, "123456")
    assert cell(display, "d_remarks") == "\n".join(str(n) * 120 for n in (2, 3, 4))


async def test_an_idle_session_ends(start: Any) -> None:
    """Who was idle for too long is signed out."""
    desk = await start("orderdesk", "--session-idle", "0")
    await desk.http.post("/signin", data={"user": "bot01", "password": "demo-bot-01"})

    page = await desk.http.get("/order/4700123/failure")

    assert cell(page, "msg") == "ORD-301 session expired"


async def test_a_lock_ends_by_itself(start: Any) -> None:
    """A record that somebody left open is free again after the time of the lock."""
    desk = await start("orderdesk", "--lock-seconds", "0")
    first, second = await desk.user("bot01"), await desk.user("bot02")
    await first.get("/order/4700123/failure")

    page = await second.get("/order/4700123/failure")

    assert cell(page, "screen") == "S31"


async def test_seed_file_decides_the_orders(start: Any, tmp_path: Any) -> None:
    """A new data folder gets the orders of a given file instead of the standard ones."""
    seed = tmp_path / "orders.json"
    seed.write_text('[{"order_no": "5000001", "city": "Kiel", "parcels": ["P-1"]}]')

    desk = await start("orderdesk", "--seed-orders", str(seed))
    client = await desk.user("bot01")

    assert cell(await client.get("/order/5000001"), "d_city") == "Kiel"
    assert cell(await client.get("/order/4700123"), "msg") == "ORD-101 Order not found"
