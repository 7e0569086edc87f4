"""Evidence in the console: side by side, masks told, gone pieces said honestly, and a look under the masks is noted."""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from records import evidence_store
from records.case import Case
from records.evidence_store import EvidenceStore
from records.people import Role
from records.trail import AuditEntry, Event, Evidence
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.cast_of_cases import Cast

HOSTILE = "<script>alert('Greta')</script>"
HIDDEN = [
    {"name": "street", "text": HOSTILE, "place": [10, 10, 60, 16]},
    {"name": "far", "text": "Away", "place": None},
]


@pytest.fixture
async def pictures(console: Console, cast: Cast) -> list[Evidence]:
    """The pictures of a failed try, the last one with something kept under its masks."""
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.refused))).one()
        found = select(Evidence).where(Evidence.case_id == case.id, Evidence.kind == "screenshot")
        shown = list(await session.exec(found.order_by(col(Evidence.at))))
        shown[-1].masked = 2
        session.add(_sealed(console, shown[-1]))
    return shown


def _sealed(console: Console, of: Evidence) -> Evidence:
    data = json.dumps(HIDDEN).encode()
    path = f"{of.case_id}/sealed.json"
    (console.parts.settings.data_dir / "evidence" / path).write_bytes(data)
    columns = {"kind": "sealed", "taken": of.taken, "at": of.at, "of": of.id, "data_class": "personal"}
    whose = {"case_id": of.case_id, "item_id": of.item_id, "attempt_id": of.attempt_id}
    return evidence_store.reference(path, data, **columns, **whose)


async def changed(console: Console, evidence_id: uuid.UUID, change: Callable[[Evidence], None]) -> None:
    """The row, changed."""
    async with console.database.session() as session:
        change(await session.get_one(Evidence, evidence_id))


async def audited(console: Console) -> list[AuditEntry]:
    """What the audit holds of reveals."""
    async with console.database.session() as session:
        return list(await session.exec(select(AuditEntry).where(AuditEntry.action == "evidence.revealed")))


async def test_a_try_shows_its_screens_side_by_side_and_one_by_one(
    pictures: list[Evidence], supervisor: httpx.AsyncClient
) -> None:
    """All pictures on one page with their masks counted; one alone has the way to the next and the one before."""
    here = f"/tries/{pictures[0].attempt_id}"

    both = (await supervisor.get(here)).text
    first = (await supervisor.get(f"{here}?screen=1")).text
    beyond = await supervisor.get(f"{here}?screen=9")

    assert all(f'src="/evidence/{one.id}"' in both for one in pictures)
    assert "2 spots masked" in both
    assert f'rel="next" href="{here}?screen=2"' in first
    assert 'rel="prev"' not in first
    assert beyond.status_code == 404


async def test_a_reveal_is_noted_before_it_is_shown(
    console: Console, cast: Cast, pictures: list[Evidence], supervisor: httpx.AsyncClient
) -> None:
    """The hidden texts are shown once, inert; who, when, why and what stand in the audit and on the case's timeline."""
    address = f"/evidence/{pictures[-1].id}/reveals"

    asked = await supervisor.get(address)
    shown = await supervisor.post(address, data={"why": "The customer says the street is wrong"})
    noted = await audited(console)
    timeline = (await supervisor.get(f"/cases/{cast.refused}")).text

    assert asked.status_code == shown.status_code == 200
    assert "&lt;script&gt;alert(&#39;Greta&#39;)" in shown.text
    assert HOSTILE not in shown.text
    assert "Away" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert [(one.actor, one.about, one.data["why"]) for one in noted] == [
        ("supervisor@example.org", str(pictures[-1].id), "The customer says the street is wrong")
    ]
    assert noted[0].at == NOW
    assert "Looked under the masks of a screen: The customer says the street is wrong" in timeline


async def test_nobody_reveals_without_right_reason_or_anything_to_see(
    console: Console, pictures: list[Evidence], as_role: SignedIn
) -> None:
    """Another role, an empty reason, a picture without masks and the sealed piece's own address show nothing."""
    address = f"/evidence/{pictures[-1].id}/reveals"
    supervisor = await as_role(Role.SUPERVISOR)
    async with console.database.session() as session:
        sealed = (await session.exec(select(Evidence.id).where(Evidence.kind == "sealed"))).one()

    others = [await (await as_role(role)).post(address, data={"why": "curious"}) for role in Role]
    refused = [answer.status_code for role, answer in zip(Role, others, strict=True) if role is not Role.SUPERVISOR]
    empty = await supervisor.post(address, data={"why": "  "})
    bare = await supervisor.post(f"/evidence/{pictures[0].id}/reveals", data={"why": "nothing is hidden"})
    direct = await supervisor.get(f"/evidence/{sealed}")

    assert set(refused) == {403}
    assert (empty.status_code, bare.status_code, direct.status_code) == (422, 410, 404)
    assert "Greta" not in empty.text + bare.text + direct.text
    assert len(await audited(console)) == 1


async def test_what_is_gone_says_why(
    console: Console, cast: Cast, pictures: list[Evidence], supervisor: httpx.AsyncClient
) -> None:
    """Dropped for want of room, removed by retention: said on the case, on the try and at the address."""
    dropped, removed = pictures[0], pictures[-1]
    await changed(console, dropped.id, lambda row: setattr(row, "dropped", "no_room"))
    await changed(console, removed.id, lambda row: setattr(row, "removed_at", NOW - timedelta(days=1)))
    (console.parts.settings.data_dir / "evidence" / removed.path).unlink()

    pages = [(await supervisor.get(path)).text for path in (f"/cases/{cast.refused}", f"/tries/{dropped.attempt_id}")]
    answers = [await supervisor.get(f"/evidence/{one.id}") for one in (dropped, removed)]

    assert all("Not kept: the evidence volume was full" in page for page in pages)
    assert all(re.search("Removed by retention on .*19 Nov 2026", page) for page in pages)
    assert [answer.status_code for answer in answers] == [410, 410]
    assert "never kept" in answers[0].text
    assert "removed by retention" in answers[1].text


async def test_changed_evidence_is_refused(
    console: Console, pictures: list[Evidence], supervisor: httpx.AsyncClient
) -> None:
    """Bytes that are not those whose hash was kept are not shown: 409 and a sentence."""
    (console.parts.settings.data_dir / "evidence" / pictures[0].path).write_bytes(b"forged")

    answer = await supervisor.get(f"/evidence/{pictures[0].id}")

    assert answer.status_code == 409
    assert "not what was kept" in answer.text


async def test_a_moved_object_is_refused_by_the_real_store(
    console: Console, pictures: list[Evidence], supervisor: httpx.AsyncClient
) -> None:
    """With the encrypting store in place, a plain file where a sealed one should be is refused as changed."""
    store = EvidenceStore.local(console.parts.settings.data_dir / "evidence")
    console.app.state.collaborators = replace(console.parts, evidence=store)

    answer = await supervisor.get(f"/evidence/{pictures[0].id}")

    assert answer.status_code == 409
    assert "not sealed by Baton" in answer.text


async def test_the_timeline_names_the_person(console: Console, pictures: list[Evidence], as_role: SignedIn) -> None:
    """The event carries the person's address as its actor, so that the timeline shows them and not the bot."""
    supervisor = await as_role(Role.SUPERVISOR)

    (await supervisor.post(f"/evidence/{pictures[-1].id}/reveals", data={"why": "checking it"})).raise_for_status()
    async with console.database.session() as session:
        told = (await session.exec(select(Event).where(Event.name == "evidence.revealed"))).one()

    assert told.actor == "supervisor@example.org"
    assert told.case_id == pictures[-1].case_id
