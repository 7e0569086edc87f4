"""Values as they were last known, while their system is held: with their age, read again, never written on blindly."""

from datetime import timedelta

import pytest

from bots.kit.contract import Route, RouteKey
from core import clock
from core.case import WaitsFor
from fallbacks.breaker import Source
from fallbacks.health import Health
from fallbacks.held_line import HeldLine
from records import last_known
from records.last_known import Record
from systems.orderdesk import ORDERDESK
from systems.seating import Seatings
from systems.way import Way
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from workflows import policies

WAY = Way("orderdesk")


async def test_a_case_goes_on_with_what_was_last_known_and_keys_nothing_unlooked(
    journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order desk is held: the case takes the order as it was last read, and its entry waits. Meanwhile the order
    is delivered. Once it is back the order is read again by itself, and the entry meets other values: none is made.
    """
    monkeypatch.setattr(policies, "READ_AGAIN_PAUSE", timedelta(seconds=1))
    async with shared_hands[RouteKey("orderdesk", "bot")].open(ORDERDESK.accounts[0], _quiet) as hands:
        fields = await hands.read("order", order_no)
    async with journey.database.session() as session:
        await last_known.keep(session, Record(system="orderdesk", what="order", key=order_no), fields, clock.now())
    health, before = Health(journey.database), journey.floor.ledger("orderdesk", order_no)
    await health.isolate([WAY], by="it@example.org", why="It moves house.")

    async def in_line() -> bool:
        return [item.wait_kind for item in await journey.items(receipt)] == [WaitsFor.HELD_SYSTEM]

    async def over() -> bool:
        await HeldLine(journey.database, Seatings()).run_once(clock.now())
        return (await journey.case(receipt)).stage == "closed"

    receipt = await journey.hand_in(order_no)
    await journey.until(receipt, in_line)
    journey.floor.arrives(order_no)
    arrived = journey.floor.ledger("orderdesk", order_no)
    await health.resume([WAY], by="it@example.org", why="It stands.")
    await health.note(WAY, ok=True, source=Source.PROBE)

    async def read_again() -> bool:
        return "record.read_again" in await journey.events(receipt)

    await journey.until(receipt, read_again)
    await journey.until(receipt, over)
    closed = await journey.case(receipt)

    (entry,) = await journey.items(receipt)
    told = [name for name in await journey.events(receipt) if name.startswith("record.")]
    assert (closed.outcome, entry.state, entry.confirmation) == ("order delivered", "withdrawn", None)
    assert told == ["record.last_known", "record.read_again"]
    assert (before, journey.floor.ledger("orderdesk", order_no)) == ([], arrived)
    await keep_case(journey, receipt, "order_as_last_known")


def _quiet(step: str) -> None:
    assert step
