"""A look-up by a real bot: an answer with its moment, a system that is down, a right that is not there."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from core import clock
from handoff.lookups import LOOK_UPS
from records import look_ups
from records.handoff import Handoff
from records.look_up import LookUpAsked, LookUpState
from records.look_ups import Wanted
from records.people import Role
from tests.replay.histories import keep_look_up
from tests.support.journey import Journey
from tests.support.mended import mended
from tests.workflows.cast import at_desk
from workflows import policies


async def test_an_order_is_read_again_for_whoever_works_on_it(
    journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the order desk is down it says so and goes on; it answers later; nobody without the right gets an answer.

    A number that the order desk does not know is an answer too, and none of it has an effect there.
    """
    monkeypatch.setattr(policies, "LOOK_UP_PAUSE", timedelta(milliseconds=200))
    receipt = await at_desk(journey, order_no)
    before = journey.floor.ledger("orderdesk", order_no)
    journey.floor.fault("orderdesk", down=True)

    asked = await ask(journey, Role.AGENT, order_no)
    strange = await ask(journey, Role.OPS, "9199998")
    await journey.until(receipt, lambda: stands(journey, asked, LookUpState.WAITING))
    journey.floor.fault("orderdesk", down=False)
    await mended(journey, "orderdesk")
    await journey.until(receipt, lambda: stands(journey, asked, LookUpState.ANSWERED))
    unknown = await ask(journey, Role.AGENT, "9199999")
    await journey.until(receipt, lambda: stands(journey, unknown, LookUpState.UNKNOWN_THERE))
    await journey.until(receipt, lambda: stands(journey, strange, LookUpState.REFUSED))

    row, refused = await read(journey, asked), await read(journey, strange)
    assert row.answer is not None
    assert (row.answer["order_no"], row.code) == (order_no, "")
    assert (refused.answer, refused.code) == (None, "not_allowed")
    assert journey.floor.ledger("orderdesk", order_no) == before
    names = await journey.events(receipt)
    assert [name for name in names if name.startswith("look_up.") and name != "look_up.refused"] == [
        "look_up.answered",
        "look_up.unknown_there",
    ]
    await keep_look_up(journey, asked, "down_and_answered")


async def test_a_look_up_is_given_up_after_a_while(
    journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked has gone on by then: it ends with the reason, and nothing waits for ever."""
    monkeypatch.setattr(policies, "LOOK_UP_PATIENCE", timedelta())
    receipt = await at_desk(journey, order_no)
    journey.floor.fault("orderdesk", down=True)

    asked = await ask(journey, Role.AGENT, order_no)
    await journey.until(receipt, lambda: stands(journey, asked, LookUpState.GIVEN_UP))
    journey.floor.fault("orderdesk", down=False)

    assert (await read(journey, asked)).code == "system_down"


async def ask(journey: Journey, role: Role, key: str) -> uuid.UUID:
    """Somebody of that role wants the order of that number read; the look-up."""
    person = await journey.person(role)
    async with journey.database.session() as session:
        handoff = (await session.exec(select(Handoff))).one()
        wanted = Wanted(by=f"{role.value}@example.org", by_id=person, key=key)
        return (await look_ups.ask(session, handoff, LOOK_UPS["order"], wanted, clock.now())).id


async def read(journey: Journey, look_up_id: uuid.UUID) -> LookUpAsked:
    """It as it is kept."""
    async with journey.database.session() as session:
        return await session.get_one(LookUpAsked, look_up_id)


async def stands(journey: Journey, look_up_id: uuid.UUID, state: LookUpState) -> bool:
    """Whether it has come so far."""
    return (await read(journey, look_up_id)).state is state
