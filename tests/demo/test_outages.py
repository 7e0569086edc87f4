"""The four ways in which a demo system goes away: refused, slow, cut in the middle, and lying."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.patience import PATIENCE

SHUT, OPENS = 1.5, 0.5
"""Seconds that the door is shut, and that it takes at most to begin and to end that."""
FAILED = {"status": "50", "reason": "12", "attempt": "1", "remarks": "BTN-GONE0001"}


async def test_a_shut_door_refuses_and_opens_by_itself(start: Any) -> None:
    """F23: connections are refused, whoever stands in the door is turned out, and after that time it opens again."""
    desk = await start("orderdesk")

    async with asyncio.timeout(PATIENCE):
        refused = ""
        while refused != "ConnectError":  # whoever stood still for that long finds it open again: it is shut once more
            await desk.faults(refuse_seconds=SHUT)
            refused = await _knocks(desk, SHUT)
        while (answered := await _met(desk)) != "200":
            pass
    assert (refused, answered) == ("ConnectError", "200")


async def test_a_cut_connection_is_cut_before_or_after_the_change(orderdesk: Any) -> None:
    """F24: at a hundred percent nobody is answered, and some of what was asked for is carried out all the same."""
    client = await orderdesk.user("bot07")
    await orderdesk.faults(reset_percent=100)

    for _ in range(30):
        with pytest.raises(httpx.TransportError):
            await client.post("/order/4700131/failure", data=FAILED)

    await orderdesk.faults(reset_percent=0)
    rows = [row for row in (await orderdesk.http.get("/ledger.json")).json() if row["key"] == "4700131"]
    assert 0 < len(rows) < 30


async def test_slow_is_slow_at_random(orderdesk: Any) -> None:
    """A page comes no sooner than the least of the seconds that are switched on."""
    await orderdesk.faults(slow_seconds=0.2, slow_up_to_seconds=0.3)
    began = asyncio.get_running_loop().time()

    await orderdesk.http.get("/signin")

    assert asyncio.get_running_loop().time() - began >= 0.2


@pytest.mark.parametrize(("lie", "says"), [("nonsense", ""), ("another application", "PAYROLL")])
async def test_a_lie_answers_well_and_does_nothing(orderdesk: Any, lie: str, says: str) -> None:
    """F30: the answer is 200, is not the order desk's, and nothing is saved."""
    client = await orderdesk.user("bot07")
    await orderdesk.faults(lie=lie)

    answers = [await client.get("/search"), await client.post("/order/4700132/failure", data=FAILED)]

    await orderdesk.faults(lie="")
    ledger = (await orderdesk.http.get("/ledger.json")).json()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("ORDERDESK" not in answer.text and says in answer.text for answer in answers)
    assert [row for row in ledger if row["key"] == "4700132"] == []


async def test_a_confirmation_that_is_not_there(orderdesk: Any) -> None:
    """The desk says that it saved, with an earlier number, and saved nothing; its other pages are true."""
    client = await orderdesk.user("bot07")
    true = await client.post("/order/4700133/failure", data=FAILED)
    await orderdesk.faults(lie="not saved")

    said = await client.post("/order/4700134/failure", data=FAILED)

    shown = await client.get("/order/4700134")
    ledger = (await orderdesk.http.get("/ledger.json")).json()
    assert "ORD-201" in true.text
    assert said.text == true.text
    assert "4700134" in shown.text
    assert [row["key"] for row in ledger if row["key"] == "4700134"] == []


async def test_an_old_page_is_that_of_another_order(orderdesk: Any) -> None:
    """What is shown is what a page like it showed last; what was sent is carried out."""
    client = await orderdesk.user("bot07")
    before = await client.get("/order/4700135")
    await orderdesk.faults(lie="an old page")

    shown = await client.get("/order/4700136")

    assert shown.text == before.text


async def _knocks(desk: Any, seconds: float) -> str:
    """What was met last when connections are refused, or after so long; whoever asked for it has its answer first."""
    until = asyncio.get_running_loop().time() + seconds
    met = ""
    while met != "ConnectError" and (met != "200" or asyncio.get_running_loop().time() < until + OPENS):
        met = await _met(desk)
    return met


async def _met(desk: Any) -> str:
    """What a new connection meets."""
    try:
        async with httpx.AsyncClient(base_url=desk.url) as client:
            return str((await client.get("/healthz")).status_code)
    except httpx.TransportError as error:  # ConnectError: refused; another: turned out while it stood in the door
        return type(error).__name__
