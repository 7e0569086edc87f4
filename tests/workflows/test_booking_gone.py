"""A booking, and a Temporal that lost its whole database: all begins anew from the records, each once."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from baton.codec import data_converter
from baton.temporal_server import EmbeddedTemporal, add_namespace
from bots.kit.contract import Route, RouteKey
from console.routes.failed_sessions import work_of
from core import clock
from handoff.booking import Window
from handoff.resolution import BookSlot
from records import recovering
from records.intake import Receipt, hand_in
from records.people import Role
from tests.support.floor import Floor
from tests.support.journey import KEY, Journey, baton_without_bots, bots_of
from tests.support.servers import numbers
from tests.workflows.booking_cast import (
    booking,
    dispatch,
    hand_in_booking,
    ledger,
    monday,
    reschedule,
    spelled,
    until_open,
)
from tests.workflows.cast import CLOSE, at_desk, in_three_days
from tests.workflows.gone_cast import BY, WHY, recovered, seen, terminate
from tests.workflows.test_failed_session import CALL
from tests.workflows.test_process_gone import once_each
from workflows.acts import Act, Resolve


async def test_a_booking_that_stands_is_not_made_again(journey: Journey) -> None:
    """Terminated while it waits for its day: begun anew it stands as it stood, nobody hears twice, and it can move."""
    day = monday()
    request = booking(day, "2")
    receipt = await hand_in_booking(journey, request)
    await journey.until_stage(receipt, "booked")
    await terminate(journey.client, f"booking-dispatch/{receipt.case_number}")

    await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.until(receipt, lambda: _runs_again(journey, receipt))
    before = (ledger(journey, receipt), len(journey.floor.mails(request.email)))
    await reschedule(journey, receipt, Window(day=day, slot="3"))
    await journey.until(receipt, lambda: _mails(journey, request.email, 2))

    assert before == ([("book", spelled(day), "2")], 1)
    assert ledger(journey, receipt) == [("book", spelled(day), "2"), ("move", spelled(day), "3")]


async def _runs_again(journey: Journey, receipt: Receipt) -> bool:
    case = await journey.case(receipt)
    return case.stage == "booked" and case.run_ordinal > 1


async def _mails(journey: Journey, email: str, count: int) -> bool:
    return len(journey.floor.mails(email)) == count


@pytest.mark.failure_mode("F33")
async def test_a_temporal_that_lost_everything(
    database_url: str,
    client: Client,
    temporal_server: EmbeddedTemporal,
    floor: Floor,
    tmp_path: Path,
    secrets_known: None,
    shared_hands: dict[RouteKey, Route],
    order_no: str,
) -> None:
    """F33: its database is gone with all that was open: seen as vanished, recovered together, each ends once."""
    sunday = monday() - timedelta(days=1)
    async with baton_without_bots(client, database_url, floor, tmp_path) as journey, bots_of(journey, shared_hands):
        failed = await at_desk(journey, order_no)
        asked = await hand_in_booking(journey, booking(sunday, "any"))
        offered = await until_open(journey, asked)
        async with journey.database.session() as session:
            work = work_of(CALL, await journey.person(Role.OPS), "ops@example.org")
            call = await hand_in(session, work, clock.now())
        await journey.until_stage(call, "with_service")
        agent, dispatcher = await journey.person(Role.AGENT), await journey.person(Role.DISPATCHER)
        await journey.act_at_desk(failed, "pick_up", Act(by=agent))
    name = f"anew-{next(numbers)}"
    await add_namespace(await Client.connect(temporal_server.address), name)
    fresh = await Client.connect(temporal_server.address, namespace=name, data_converter=data_converter(KEY))

    async with baton_without_bots(fresh, database_url, floor, tmp_path) as journey, bots_of(journey, shared_hands):
        gone = await seen(journey)
        async with journey.database.session() as session:
            labels = await recovering.recover_some(session, BY, WHY, clock.now())
        for receipt in (failed, asked, call):
            await until_carried_on(journey, receipt)
        await journey.act_at_desk(failed, "complete", Resolve(by=agent, resolution=in_three_days()))
        await journey.act_at_desk(call, "pick_up", Act(by=agent))
        await journey.act_at_desk(call, "complete", Resolve(by=agent, resolution=CLOSE))
        nearest = offered.packet["order"]["alternatives"][0]
        chosen = {"day": nearest["day"], "slot_code": nearest["slot"], "technician": nearest["technician"]}
        await dispatch(journey, offered, "pick_up", Act(by=dispatcher))
        choice = BookSlot.model_validate(chosen)
        await dispatch(journey, offered, "complete", Resolve(by=dispatcher, resolution=choice))
        await journey.until_stage(failed, "closed")
        await journey.until_stage(call, "closed")
        await journey.until_stage(asked, "booked")

        numbers_ = sorted(one.case_number for one in (failed, asked, call))
        assert [one.what.value for one in gone] == ["vanished"] * 3
        assert sorted(labels) == numbers_
        await once_each(journey, failed, order_no)
        assert [row[0] for row in ledger(journey, asked)] == ["book"]
        assert [len(await journey.handoffs(one)) for one in (failed, call)] == [1, 1]


async def until_carried_on(journey: Journey, receipt: Receipt) -> None:
    """Wait until the case's open handoff goes on in a run of its own."""

    async def carried_on() -> bool:
        return "handoff.carried_on" in await journey.events(receipt)

    await journey.until(receipt, carried_on)
