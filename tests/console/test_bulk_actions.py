"""Bulk actions on failures: a preview that says exactly what is covered; pressed twice it is one; stale, it says so."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from core.work_item import State
from records import bulk
from records.bulk_action import BulkAction, BulkItem, BulkState
from records.case import Case
from records.failure import Failure
from records.outbox import OutboxRow
from records.people import User
from records.told import Told
from records.work_item import WorkItem
from tests.console.conftest import NOW, Console
from tests.support.bulk_failures import refused
from tests.support.cast_of_cases import Cast


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the form that asks for it."""
    form = page.split('action="/bulk-actions"')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


async def looked(client: httpx.AsyncClient, kind: str, found: list[Failure], more: str = "") -> httpx.Response:
    """The preview of that kind for the whole group."""
    return await client.get(f"/bulk-actions/new?kind={kind}&group={found[0].group_id}{more}")


async def asked(console: Console) -> list[BulkAction]:
    """Every action there is."""
    async with console.database.session() as session:
        return list(await session.exec(select(BulkAction)))


async def change(console: Console, failure: Failure, **values: object) -> None:
    """Its entry stands otherwise now."""
    async with console.database.session() as session:
        (await session.get_one(WorkItem, failure.item_id)).sqlmodel_update(values)


async def test_a_preview_says_what_is_covered_and_what_is_left_out(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """Another person has it, done, discarded, in doubt: each is left out with its reason; the rest is counted."""
    found = await refused(console.database, 7, NOW)
    async with console.database.session() as session:
        agent = (await session.exec(select(User).where(User.email == "agent@example.org"))).one()
    until = NOW + timedelta(days=400)
    await change(console, found[0], held_by=agent.id, held_until=until)
    await change(console, found[1], state=State.DONE)
    await change(console, found[2], state=State.DISCARDED)
    await change(console, found[3], state=State.UNKNOWN, next_look_at=NOW + timedelta(minutes=5))

    page = (await looked(supervisor, "retry", found)).text

    assert "Exactly these 3" in page
    for reason in ("Agent works on it.", "Done already.", "Discarded already.", "looked at again at 09:35 UTC"):
        assert reason in page


async def test_what_is_past_its_time_stands_apart(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Entries that were due already are counted apart, and covered only when somebody says so."""
    found = await refused(console.database, 3, NOW)
    async with console.database.session() as session:
        for one, due in zip(found, (-60, 60, None), strict=True):
            row = await session.get_one(Failure, one.id)
            row.due_at = None if due is None else NOW + timedelta(minutes=due)

    page = (await looked(supervisor, "retry", found)).text
    too = (await looked(supervisor, "retry", found, "&late=with")).text
    before = (await looked(supervisor, "retry", found, f"&late=with&due_before={NOW:%Y-%m-%dT%H:%M}")).text
    in_two_hours = f"&late=with&due_before={NOW + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    in_tokyo = (await looked(supervisor, "retry", found, f"{in_two_hours}&zone=Asia/Tokyo")).text  # seven hours ago
    here = (await looked(supervisor, "retry", found, in_two_hours)).text

    assert "Exactly these 2" in page
    assert "were due already" in page
    assert "Exactly these 3" in too
    assert "Exactly these 1" in before
    assert ("Exactly these 2" in here, "Nothing is covered" in in_tokyo) == (True, True)


async def test_pressed_twice_it_is_one_action_in_the_original_order(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """The same form sent twice is one action with a row for each thing, oldest entry first, and one workflow."""
    found = await refused(console.database, 4, NOW)
    form = {**form_of((await looked(supervisor, "retry", found)).text), "canary": "on", "rate": "0", "stop_after": "3"}

    first, second = [await supervisor.post("/bulk-actions", data=form) for _ in range(2)]

    (action,) = await asked(console)
    async with console.database.session() as session:
        things = await bulk.results(session, action.id)
        starts = list(await session.exec(select(OutboxRow).where(OutboxRow.workflow_id == f"bulk/{action.id}")))
    assert first.headers["location"] == second.headers["location"] == f"/bulk-actions/{action.id}"
    assert [one.failure_id for one in things] == [one.id for one in found]
    assert (action.canary, action.stop_after, action.state, len(starts)) == (True, 3, BulkState.RUNNING, 1)
    assert things[0].act["through_hold"] is True


async def test_a_stale_page_changes_nothing_and_loses_nothing(console: Console, supervisor: httpx.AsyncClient) -> None:
    """What was covered has changed since the page was drawn: nothing is sent, and what was typed is still there."""
    found = await refused(console.database, 3, NOW)
    form = {**form_of((await looked(supervisor, "discard", found)).text), "reason": "ordered twice by the customer"}
    await change(console, found[0], state=State.DONE)

    stale = await supervisor.post("/bulk-actions", data=form)
    again = await supervisor.post("/bulk-actions", data={**form_of(stale.text), "reason": form["reason"]})

    assert stale.status_code == 409
    assert "it covers 2 now, and 3 when you saw it" in stale.text
    assert "ordered twice by the customer" in stale.text
    assert again.status_code == 303
    assert [one.total for one in await asked(console)] == [2]


async def test_one_that_is_over_is_not_retried(console: Console, supervisor: httpx.AsyncClient) -> None:
    """A retry of an entry that is done says so and sends nothing, also when the form was drawn before."""
    found = await refused(console.database, 1, NOW)
    place = f"/bulk-actions/new?kind=retry&id={found[0].id}"
    form = form_of((await supervisor.get(place)).text)
    await change(console, found[0], state=State.DONE)

    page = await supervisor.get(place)
    sent = await supervisor.post("/bulk-actions", data={**form, "id": str(found[0].id)})

    assert "Done already." in page.text
    assert sent.status_code == 409
    assert "Nothing is covered any more" in sent.text
    assert await asked(console) == []


async def test_a_form_without_its_reason_comes_back(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Nothing is asked for without a reason, a person, a number: each is said beside its field."""
    found = await refused(console.database, 2, NOW)
    wanted = {"discard": {"reason": ""}, "hand_over": {"reason": "x"}, "assign": {"to": ""}, "retry": {"rate": "fast"}}

    answers = {}
    for kind, values in wanted.items():
        form = form_of((await looked(supervisor, kind, found)).text)
        answers[kind] = await supervisor.post("/bulk-actions", data={**form, **values})

    assert {kind: answer.status_code for kind, answer in answers.items()} == dict.fromkeys(wanted, 422)
    assert "fast" in answers["retry"].text
    assert await asked(console) == []


async def test_above_the_number_it_waits_as_a_request(
    console: Console, supervisor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More things than one person may act on alone wait for approval; every holder of the right is told of the page."""
    fewer = console.parts.settings.model_copy(update={"bulk_four_eyes_above": 1})
    monkeypatch.setitem(console.parts.__dict__, "settings", fewer)
    found = await refused(console.database, 2, NOW)
    page = (await looked(supervisor, "retry", found)).text

    await supervisor.post("/bulk-actions", data=form_of(page))

    (action,) = await asked(console)
    async with console.database.session() as session:
        told = list(await session.exec(select(Told).where(Told.kind == "bulk")))
    assert "another supervisor must approve it" in page
    assert action.state is BulkState.WAITING_APPROVAL
    assert [(one.person, one.path) for one in told] == [("supervisor@example.org", f"/bulk-actions/{action.id}")]


async def test_what_is_in_another_action_is_left_out(console: Console, supervisor: httpx.AsyncClient) -> None:
    """An entry that another bulk action has in hand is in no second one."""
    found = await refused(console.database, 3, NOW)
    place = f"/bulk-actions/new?kind=retry&id={found[0].id}"
    form = form_of((await supervisor.get(place)).text)
    await supervisor.post("/bulk-actions", data=form)

    page = (await looked(supervisor, "retry", found)).text

    assert "Exactly these 2" in page
    assert "In another bulk action" in page


async def test_its_page_tells_of_each(console: Console, supervisor: httpx.AsyncClient) -> None:
    """The page counts what came of the things and says it of each; one of another state is shown alone."""
    found = await refused(console.database, 3, NOW)
    await supervisor.post("/bulk-actions", data=form_of((await looked(supervisor, "retry", found)).text))
    (action,) = await asked(console)
    async with console.database.session() as session:
        thing = await session.get_one(BulkItem, (action.id, 1))
        thing.sqlmodel_update({"state": "failed", "said": "It failed again: no.", "at": NOW})

    page = (await supervisor.get(f"/bulk-actions/{action.id}")).text
    failed = (await supervisor.get(f"/bulk-actions/{action.id}?show=failed")).text
    listed = (await supervisor.get("/bulk-actions")).text

    assert "1 of 3" in page
    assert page.count("data-row") == 3
    assert failed.count("data-row") == 1
    assert "It failed again: no." in failed
    assert f"/bulk-actions/{action.id}" in listed


async def test_who_may_not_may_not(console: Console, ops: httpx.AsyncClient) -> None:
    """Operations see how a bulk action stands, and ask for none on failures."""
    found = await refused(console.database, 1, NOW)

    answers = [await looked(ops, "retry", found), await ops.get("/bulk-actions"), await ops.post("/bulk-actions")]

    assert [answer.status_code for answer in answers] == [403, 200, 403]


async def test_ten_thousand_are_asked_for_at_once(console: Console) -> None:
    """A word about ten thousand things is one transaction: all of them are kept, in their order."""
    async with console.database.session() as session:
        by = (await session.exec(select(User).where(User.email == "supervisor@example.org"))).one()
        rows = [bulk.BulkRow(update="assign", act={"n": number}, label=str(number)) for number in range(10_000)]
        wanted = bulk.BulkAsked(key="k", kind="assign", title="All", by=by.email, by_id=by.id)
        action = await bulk.ask(session, wanted, rows, NOW)

    async with console.database.session() as session:
        kept = list(
            await session.exec(
                select(BulkItem.label).where(BulkItem.bulk_id == action.id).order_by(col(BulkItem.ordinal))
            )
        )
    assert kept == [str(number) for number in range(10_000)]


async def test_a_supervisor_chooses_who_gets_them(console: Console, cast: Cast, supervisor: httpx.AsyncClient) -> None:
    """Queues and people who take cases can be chosen, nobody else; what belongs to no case waits on its file."""
    found = await refused(console.database, 2, NOW)
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.refused))).one()
        (await session.get_one(Failure, found[0].id)).case_id = case.id
    page = (await looked(supervisor, "hand_over", found)).text
    form = {**form_of(page), "reason": "the vans leave at noon"}

    wrong = await supervisor.post("/bulk-actions", data={**form, "target": "person:it@example.org"})
    await supervisor.post("/bulk-actions", data={**form, "target": "person:agent@example.org"})

    (action,) = await asked(console)
    async with console.database.session() as session:
        acts = [one.act for one in await bulk.results(session, action.id)]
    assert [f'value="{whom}"' in page for whom in ("queue:service", "person:agent@example.org")] == [True, True]
    assert (wrong.status_code, "Choose a queue or a person" in wrong.text) == (422, True)
    assert action.title.startswith("Hand over to agent@example.org")
    assert "1 of them belong to a case and go there; 1 belong to none" in page
    assert [(act["route"], act.get("to")) for act in acts] == [("person", "agent@example.org"), ("person", None)]
