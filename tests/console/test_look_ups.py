"""Look-ups on the workbench: what the journey declares, how far they are, what came of them and what differs."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser
from sqlmodel import select

from fallbacks.health import Health
from handoff.lookups import LOOK_UPS
from records import last_known, look_ups
from records.handoff import Handoff
from records.last_known import Record
from records.look_up import LookUpAsked, LookUpState
from records.look_ups import Came
from records.outbox import OutboxRow
from records.people import Role
from records.trail import Event
from systems.fieldboard import SlotsWanted
from systems.registry import SYSTEMS
from systems.way import Way
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import sign_in
from tests.console.test_told_in_a_browser import looked_at
from tests.support.desk_cast import offer
from tests.support.director import Director, picture
from tests.support.stuck_cast import passed_on

HERE = {"X-In-Place": "yes"}


async def test_a_look_up_is_asked_once_and_followed_on_the_workbench(console: Console) -> None:
    """Pressed twice it is one read; the page says that it waits and why, then shows the answer and what differs."""
    number, handoff = await at_desk(console)
    agent = await console.signed_in(Role.AGENT)
    asked = {"look_up": "order"}

    bench = (await agent.get(f"/desk/{number}")).text
    parts = [await agent.post(f"/cases/{number}/look-ups", data=asked, headers=HERE) for _ in range(2)]
    (row,) = await rows(console)
    await came(console, row, LookUpState.WAITING, "account_held")
    waiting = (await agent.get(f"/cases/{number}/look-ups", headers=HERE)).text
    answer = {**handoff.packet["order"], "status": "40"}
    for _ in range(2):
        await came(console, row, LookUpState.ANSWERED, answer=answer)
    shown = (await agent.get(f"/cases/{number}/look-ups", headers=HERE)).text
    seen = (await agent.get(f"/api/cases/{number}/look-ups")).json()

    assert "The order as it is now" in bench
    assert [part.status_code for part in parts] == [200, 200]
    assert "A bot reads the" in parts[0].text
    assert "tried again for ten minutes" in waiting
    assert "hx-get" in waiting
    assert "delivered" in shown
    assert "was delivery failed" in shown
    assert "hx-get" not in shown
    assert (seen[0]["state"], seen[0]["answer"]["status"]) == ("answered", "40")
    async with console.database.session() as session:
        (start,) = await session.exec(select(OutboxRow).where(OutboxRow.workflow_type == "LookUpWorkflow"))
        told = await session.exec(select(Event.name, Event.actor).where(Event.name == "look_up.answered"))
        assert (start.workflow_id, told.all()) == (
            f"look-up/{row.id}",
            [("look_up.answered", "agent@example.org")],
        )


async def test_beside_an_entry_that_a_bot_passed_on_the_order_is_looked_up_as_well(
    console: Console, tmp_path: Path
) -> None:
    """Its page offers what the case's journey declares; asked there and read, the answer stands there."""
    async with console.database.session() as session:
        director = Director(session, NOW, tmp_path / "evidence", picture())
        _, handoff, _ = await passed_on(director, "4700190", holder="agent@example.org")
    agent = await console.signed_in(Role.AGENT)
    here = f"/desk/handoffs/{handoff}"

    bench = (await agent.get(here)).text
    plainly = await agent.post(f"{here}/look-ups", data={"look_up": "order"})
    (row,) = await rows(console)
    await came(console, row, LookUpState.ANSWERED, answer={"status": "40"})
    shown = (await agent.get(f"{here}/look-ups", headers=HERE)).text
    nowhere = await agent.get("/desk/handoffs/none/look-ups", headers=HERE)

    assert f'action="{here}/look-ups"' in bench
    assert plainly.headers["location"] == f"{here}#look-ups"
    assert (row.handoff_id, row.key) == (handoff, "4700190")
    assert "delivered" in shown
    assert "delivered" in (await agent.get(here)).text
    assert nowhere.status_code == 404


async def test_what_was_last_known_is_shown_with_its_age_while_its_system_is_held(console: Console) -> None:
    """Held: the values are old, and said to be; back and read anew: what changed is named, until it is looked up."""
    number, handoff = await at_desk(console)
    agent = await console.signed_in(Role.AGENT)
    key, way = handoff.packet["order"]["order_no"], Way("orderdesk")
    await last_read(console, key, handoff.packet["order"], NOW - timedelta(minutes=35))
    health = Health(console.database)
    await health.isolate([way], by="it@example.org", why="It moves house.", now=NOW)

    held = (await agent.get(f"/desk/{number}")).text
    await agent.post(f"/cases/{number}/look-ups", data={"look_up": "order"}, headers=HERE)
    (row,) = await rows(console)
    await came(console, row, LookUpState.WAITING, "system_held")
    waiting = (await agent.get(f"/cases/{number}/look-ups", headers=HERE)).text
    await came(console, row, LookUpState.GIVEN_UP, "system_held")
    await health.resume([way], by="it@example.org", why="It is there.", now=NOW)
    await last_read(console, key, {**handoff.packet["order"], "status": "40"}, NOW)
    back = (await agent.get(f"/cases/{number}/look-ups", headers=HERE)).text

    assert "What is shown of the Order desk was read" in held
    assert "is read again by itself when it is back" in held
    assert "As it was last read," in waiting
    assert "it is read again when the Order desk is back" in waiting
    assert "Order desk: changed since this was passed along." in back
    assert "was delivery failed" in back


async def last_read(console: Console, key: str, fields: dict[str, object], at: datetime) -> None:
    """A bot read that order then."""
    async with console.database.session() as session:
        await last_known.keep(session, Record(system="orderdesk", what="order", key=key), fields, at)


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"look_up": "slots"}, 422, "cannot be looked up for this case"),
        ({"look_up": "order", "day": "someday"}, 422, "A day, please"),
        ({"look_up": "order", "day": str(NOW.date() + timedelta(days=999))}, 422, "days ahead"),
    ],
)
async def test_what_cannot_be_looked_up_is_said_in_its_place(
    console: Console, form: dict[str, str], status: int, said: str
) -> None:
    """Another journey's look-up, and a day that is none: a sentence in the card's place, and nothing is read."""
    number, _ = await at_desk(console)
    agent, ops = await console.signed_in(Role.AGENT), await console.signed_in(Role.OPS)

    answer = await agent.post(f"/cases/{number}/look-ups", data=form, headers=HERE)
    strange = await ops.post(f"/cases/{number}/look-ups", data=form, headers=HERE)

    assert (answer.status_code, strange.status_code) == (status, 403)
    assert said in answer.text
    assert await rows(console) == []


async def test_an_ended_handoff_looks_nothing_up(console: Console) -> None:
    """Decided already: nothing is read any more, and what was looked up stays to be seen."""
    number, handoff = await at_desk(console)
    agent = await console.signed_in(Role.AGENT)
    await agent.post(f"/cases/{number}/look-ups", data={"look_up": "order"})
    (row,) = await rows(console)
    await came(console, row, LookUpState.GIVEN_UP, "system_down")
    async with console.database.session() as session:
        ended = await session.get_one(Handoff, handoff.id)
        ended.state, ended.ended_at = "completed", NOW  # type: ignore[assignment]

    late = await agent.post(f"/api/cases/{number}/look-ups", json={"name": "order"})
    page = (await agent.get(f"/desk/{number}")).text

    assert late.status_code == 409
    assert "Not answered." in page
    assert len(await rows(console)) == 1


def test_each_declared_look_up_is_a_read_that_its_system_knows() -> None:
    """What a bot is asked for is what its route reads: an order number, the days of slots that the board takes."""
    order = {"order_no": "4700123", "skill": "2", "postcode": "28195", "standing": {"day": "x"}, "board_reference": "B"}
    keys = {name: one.key(order, NOW.date(), NOW.date()) for name, one in LOOK_UPS.items()}

    wanted = SlotsWanted.model_validate_json(keys["slots"])

    assert (keys["order"], keys["booking"]) == ("4700123", "B")
    assert wanted.first == NOW.date() + timedelta(days=1)
    assert all(one.system in SYSTEMS for one in LOOK_UPS.values())
    assert [one.key({}, NOW.date(), NOW.date()) for one in LOOK_UPS.values()] == ["", "", ""]


async def test_a_look_up_keeps_what_is_typed_elsewhere(screen: Browser, address: str, console: Console) -> None:
    """Pressed with half a sentence in another form: the answer comes in its place, and the sentence is still there."""
    number = await offer(console.database, NOW, "4700123", timedelta(hours=2), holder="agent@example.org")
    context = await screen.new_context(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = await sign_in(context, address, "agent")

    await page.goto(f"{address}/desk/{number}")
    note = page.get_by_label("Note for colleagues")
    await note.fill("half a sentence")
    await page.get_by_role("button", name="The order as it is now").click()
    await page.get_by_text("A bot reads the").wait_for()
    troubles, typed = await looked_at(page, 360), await note.input_value()
    (row,) = await rows(console)
    await came(console, row, LookUpState.ANSWERED, answer={"order_no": "4700123", "status": "40"})
    await page.get_by_text("delivered").first.wait_for()
    still = await note.input_value()
    await context.close()

    assert (troubles, typed, still) == ([], "half a sentence", "half a sentence")


async def at_desk(console: Console) -> tuple[str, Handoff]:
    """A case that waits for service."""
    number = await offer(console.database, NOW, "4700123", timedelta(hours=2))
    async with console.database.session() as session:
        return number, (await session.exec(select(Handoff))).one()


async def rows(console: Console) -> list[LookUpAsked]:
    """What was asked for."""
    async with console.database.session() as session:
        return list(await session.exec(select(LookUpAsked)))


async def came(
    console: Console, row: LookUpAsked, state: LookUpState, code: str = "", answer: dict[str, object] | None = None
) -> None:
    """What the workflow of that look-up keeps."""
    kept = Came(id=uuid.UUID(str(row.id)), at=NOW, state=state, code=code, answer=answer)
    async with console.database.session() as session:
        await look_ups.keep(session, kept, LOOK_UPS[row.name].title, row.asked_by)
