"""Items done since a system change: one list with pages, samples that are kept, marks, and what goes on."""

import re
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from console.routes import system_changes as system_changes_route
from core.work_item import State
from records import system_changes
from records.people import Role
from records.system_change import ItemMark, ItemSample, SystemChange, Verdict
from records.system_changes import Show
from records.told import Told
from records.trail import AuditEntry
from records.work_item import WorkItem
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.change_cast import CHANGED, FIRST, done, done_elsewhere, image, noted


async def marks(console: Console) -> dict[uuid.UUID, str]:
    """What is marked how."""
    async with console.database.session() as session:
        return {one.item_id: one.verdict.value for one in await session.exec(select(ItemMark))}


async def sample(console: Console) -> set[uuid.UUID]:
    """What was drawn."""
    async with console.database.session() as session:
        return set(await session.exec(select(ItemSample.item_id)))


async def test_everything_done_since_is_one_list(
    console: Console, supervisor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By key from page to page, each once, in the order in which they were done; nothing from before or elsewhere."""
    monkeypatch.setattr(system_changes_route, "PAGE", 4)
    made = await done(console.database, 10)
    await done_elsewhere(console.database)
    change = await noted(console.database, "mark_failed_delivery")
    found: list[str] = []

    address: str | None = f"/system-changes/{change.id}"
    while address is not None:
        page = (await supervisor.get(address)).text
        found += re.findall(r"/items/([0-9a-f-]{36})\?show=all", page)
        more = re.search(r'href="(\?show=all&amp;after=[0-9a-f-]+)"', page)
        address = f"/system-changes/{change.id}{more[1].replace('&amp;', '&')}" if more else None

    assert found == [str(one) for one in made]


async def test_a_sample_is_drawn_once_and_kept(console: Console, as_role: SignedIn) -> None:
    """The same form twice draws once; another draw takes others; what is drawn is the list that opens first."""
    await done(console.database, 12)
    change = await noted(console.database)
    lead = await as_role(Role.SUPERVISOR)
    here = f"/system-changes/{change.id}"

    sizes = []
    for key in ("a", "a", "b", "c"):
        await lead.post(f"{here}/samples", data={"count": "5", "key": key})
        sizes.append(len(await sample(console)))
    page = (await lead.get(here)).text
    empty = await lead.post(f"{here}/samples", data={"count": "5", "key": "d"})
    wrong = [
        await lead.post(f"{here}/samples", data={"count": count, "key": "e"}) for count in ("0", "201", "many", "")
    ]

    assert sizes == [5, 5, 10, 12]
    assert "12 of 12 drawn still to be looked at" in page
    assert {answer.status_code for answer in (empty, *wrong)} == {303}
    assert len(await sample(console)) == 12


async def test_a_sample_is_random_and_stays_when_more_is_done(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Ten of thirty are hardly ever the first ten; what is done later does not change which they are."""
    made = await done(console.database, 30)
    change = await noted(console.database)

    await supervisor.post(f"/system-changes/{change.id}/samples", data={"count": "10", "key": "a"})
    drawn = await sample(console)
    listed = re.findall(
        r"/items/([0-9a-f-]{36})\?show=sample", (await supervisor.get(f"/system-changes/{change.id}")).text
    )

    assert len(drawn) == 10
    assert drawn != set(made[:10])
    assert [uuid.UUID(one) for one in listed] == [one for one in made if one in drawn]


async def test_what_is_held_stands_beside_its_screen(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Entered and read back field by field, a difference marked; the screen after saving comes first, masks said."""
    (item,) = await done(console.database, 1, result={**image(FIRST), "reason": "14"})
    change = await noted(console.database)

    page = (await supervisor.get(f"/system-changes/{change.id}/items/{item}")).text

    differing = re.findall(r'<tr class="differs"><th scope="row">([^<]+)</th><td>12</td><td><strong>14</strong>', page)
    shots = re.findall(r"<figcaption><strong>([^<]+)</strong>", page)
    assert differing == ["Reason code"]
    assert shots == ["After saving", "Before saving"]
    assert all(text in page for text in ("2 spots masked", "version orderdesk-2", ">C0</span>"))


async def test_marks_lead_through_the_sample(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Each mark leads on to the next that has none, and at the end back to the list with its sums."""
    made = await done(console.database, 3)
    change = await noted(console.database)
    here = f"/system-changes/{change.id}"
    await supervisor.post(f"{here}/samples", data={"count": "3", "key": "a"})
    seen = []

    place = f"{here}/items/{made[1]}?show=sample"
    for verdict, why in (("right", ""), ("wrong", "Cause holds the old code."), ("right", "")):
        seen.append(place.removeprefix(f"{here}/items/")[:36])
        answer = await supervisor.post(place.replace("?", "/marks?"), data={"verdict": verdict, "why": why, "seen": ""})
        place = answer.headers["location"]

    page = (await supervisor.get(place)).text
    assert sorted(seen) == sorted(str(one) for one in made)
    assert place == f"{here}?show=sample"
    assert "All 3 drawn were looked at." in page
    assert sorted((await marks(console)).values()) == ["right", "right", "wrong"]


async def test_what_is_wrong_needs_a_word(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Wrong without a reason is not kept, and neither is a verdict that is none."""
    (item,) = await done(console.database, 1)
    change = await noted(console.database)
    form = f"/system-changes/{change.id}/items/{item}/marks"

    answers = [
        await supervisor.post(form, data={"verdict": verdict, "why": why})
        for verdict, why in (("wrong", " "), ("perhaps", "a word"), ("right", "x" * 501))
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert "Say what is wrong" in answers[0].text
    assert await marks(console) == {}


async def test_of_two_marks_the_later_sees_the_first(console: Console, as_role: SignedIn) -> None:
    """F54: 409 with what stands there, the typed reason kept; sent again it replaces that, and the audit keeps it."""
    (item,) = await done(console.database, 1)
    change = await noted(console.database)
    form = f"/system-changes/{change.id}/items/{item}/marks"
    lead, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    await it.post(form, data={"verdict": "right", "why": "", "seen": ""})

    late = await lead.post(form, data={"verdict": "wrong", "why": "My reason.", "seen": ""})
    between = await marks(console)
    again = re.search(r'name="seen" value="([^"]+)"', late.text)
    assert again is not None
    await lead.post(form, data={"verdict": "wrong", "why": "My reason.", "seen": again[1].replace("&#43;", "+")})

    async with console.database.session() as session:
        audit = (await session.exec(select(AuditEntry).where(AuditEntry.action == "item_mark.changed"))).one()
    assert (late.status_code, between) == (409, {item: "right"})
    assert "it@example.org marked it right meanwhile" in late.text
    assert "My reason.</textarea>" in late.text
    assert (await marks(console), audit.data["was"]["by"]) == ({item: "wrong"}, "it@example.org")


async def test_a_mark_can_be_taken_away(console: Console, supervisor: httpx.AsyncClient) -> None:
    """The item is not looked at again then; that it was marked stays in the audit."""
    (item,) = await done(console.database, 1)
    change = await noted(console.database)
    form = f"/system-changes/{change.id}/items/{item}/marks"
    await supervisor.post(form, data={"verdict": "wrong", "why": "Old code."})

    await supervisor.post(form, data={"verdict": "none"})

    async with console.database.session() as session:
        audit = (await session.exec(select(AuditEntry).where(AuditEntry.action == "item_mark.removed"))).one()
    assert (await marks(console), audit.data["was"]["why"]) == ({}, "Old code.")


async def test_wrong_ones_go_on(console: Console, supervisor: httpx.AsyncClient) -> None:
    """They are a file that plain entry takes, with the reasons, nothing in it a formula; supervisors are told once."""
    made = await done(console.database, 2)
    change = await noted(console.database)
    here = f"/system-changes/{change.id}"
    nobody = await supervisor.post(f"{here}/tellings")
    await supervisor.post(f"{here}/items/{made[1]}/marks", data={"verdict": "wrong", "why": "=1+1 is the old code"})

    export = await supervisor.get(f"{here}/exports/mark_failed_delivery")
    for _ in range(2):
        await supervisor.post(f"{here}/tellings")

    lines = export.content.decode("utf-8-sig").splitlines()
    async with console.database.session() as session:
        told = [(row.kind, row.path) for row in await session.exec(select(Told))]
    assert nobody.status_code == 303
    assert len(lines) == 2
    assert str(FIRST + 1) in lines[1]
    assert "'=1+1 is the old code (supervisor@example.org); entered as BTN-" in lines[1]
    assert told == [("entered_wrong", f"{here}?show=wrong")]
    assert (await supervisor.get(f"{here}/exports/no_such")).status_code == 404


async def test_what_was_marked_stays_listed_when_the_change_begins_later(console: Console) -> None:
    """A wrong entry is wrong, also when the change is then said to have come after it."""
    (item,) = await done(console.database, 1)
    change = await noted(console.database)
    wrong = ItemMark(change_id=change.id, item_id=item, verdict=Verdict.WRONG, by="it@example.org", at=NOW, why="old")
    async with console.database.session() as session:
        await system_changes.mark(session, wrong, None)
        later = await session.get_one(SystemChange, change.id)
        later.at = NOW

    async with console.database.session() as session:
        lists = [await system_changes.items(session, later, show) for show in (Show.ALL, Show.WRONG)]
        one = await system_changes.one_item(session, later, item)

    assert [len(found) for found in lists] == [0, 1]
    assert one is not None


async def test_an_item_of_another_kind_is_not_there(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Not done, of another system, or done before: 404, by page and by form, and nothing is marked."""
    made = await done(console.database, 3)
    others: list[dict[str, Any]] = [
        {"state": State.READY},
        {"system": "servicedesk"},
        {"ended_at": CHANGED - timedelta(1)},
    ]
    async with console.database.session() as session:
        for item, values in zip(made, others, strict=True):
            (await session.get_one(WorkItem, item)).sqlmodel_update(values)
    places = [f"/system-changes/{(await noted(console.database)).id}/items/{item}" for item in made]

    pages = [await supervisor.get(place) for place in places]
    forms = [await supervisor.post(f"{place}/marks", data={"verdict": "right"}) for place in places]

    assert [answer.status_code for answer in (*pages, *forms)] == [404] * 6
    assert await marks(console) == {}


async def test_the_list_of_what_is_done_is_read_from_its_index(console: Console) -> None:
    """However many items there are, a page reads its own rows: no other order is sorted, no other row looked at."""
    change = await noted(console.database)
    wanted = system_changes._shown(change, Show.ALL).order_by(col(WorkItem.ended_at), col(WorkItem.id)).limit(51)
    said = str(wanted.compile(console.database.engine, compile_kwargs={"literal_binds": True}))
    async with console.database.session() as session:
        connection = await session.connection()
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {said}"))).scalars())

    assert "ix_work_items_done" in plan
    assert "Sort" not in plan
