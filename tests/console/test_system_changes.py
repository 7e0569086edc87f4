"""Changes of legacy systems: noted by the right clock, edited, withdrawn; who comes too late keeps what they wrote."""

import re
from datetime import UTC, datetime

import httpx
from sqlmodel import select

from records.people import Role
from records.system_change import SystemChange
from records.trail import AuditEntry
from records.watches import Watch
from tests.console.conftest import NOW, Console, SignedIn

FORM = {
    "where": "orderdesk/mark_failed_delivery",
    "screen": "S31 DELIVERY FAILURE",
    "at": "2026-11-20T08:00",
    "time_zone": "Europe/Berlin",
    "what": "Reason code is called Cause now.",
    "said_by": "Vendor's mail of Thursday",
    "key": "k",
}


async def noted(client: httpx.AsyncClient, **changes: str) -> str:
    """Note a change; its address."""
    answer = await client.post("/system-changes", data={**FORM, **changes})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def rows(console: Console) -> list[SystemChange]:
    """Every change that is kept."""
    async with console.database.session() as session:
        return list(await session.exec(select(SystemChange)))


async def test_a_change_is_counted_by_the_clock_it_was_read_from(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """Eight in Berlin is seven by UTC; the form sent twice is one change; all of it stands on the page and the list."""
    pages = [await noted(supervisor), await noted(supervisor)]

    (row,) = await rows(console)
    shown, listed = (await supervisor.get(pages[0])).text, (await supervisor.get("/system-changes")).text
    assert pages[0] == pages[1] == f"/system-changes/{row.id}"
    assert (row.at, row.noted_by) == (datetime(2026, 11, 20, 7, tzinfo=UTC), "supervisor@example.org")
    assert [text in shown for text in ("S31 DELIVERY FAILURE", "clock of Europe/Berlin", "Vendor")] == [True] * 3
    assert "Reason code is called Cause now." in listed


WRONG = (
    ({"where": "orderdesk/no_such"}, "choose a system"),
    ({"where": ""}, "choose a system"),
    ({"at": "soon"}, "A day and a time"),
    ({"at": "2026-03-29T02:30"}, "there is none such"),
    ({"at": "2046-11-20T08:00"}, "Within a year"),
    ({"time_zone": "Berlin"}, "no time zone Berlin"),
    ({"what": " "}, "This is needed"),
    ({"said_by": "x" * 121}, "At most 120"),
    ({"watch_first": "many"}, "A whole number"),
    ({"watch_first": "501"}, "A whole number"),
    ({"environment": "moon"}, "no such environment"),
)
"""What is wrong with the form, and what is said of it."""


async def test_a_wrong_form_comes_back_filled(console: Console, supervisor: httpx.AsyncClient) -> None:
    """422, a sentence beside the field, everything typed still there, nothing kept."""
    for changes, said in WRONG:
        typed = {**FORM, "what": "What I found out.", **changes}

        answer = await supervisor.post("/system-changes", data=typed)

        assert (answer.status_code, said in answer.text) == (422, True), said
        assert ("What I found out." in answer.text) == (typed["what"] == "What I found out.")
        assert 'value="k"' in answer.text
    assert await rows(console) == []


async def test_an_hour_that_comes_twice_counts_from_its_first(console: Console, supervisor: httpx.AsyncClient) -> None:
    """No item that was entered in either of them is missing from the list."""
    await noted(supervisor, at="2026-10-25T02:30")

    assert (await rows(console))[0].at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


async def test_the_next_entries_stop_from_then_on(console: Console, as_role: SignedIn) -> None:
    """A watch comes with the change once, for a later one from then on; IT, who approves nothing, asks for none."""
    lead, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)

    for _ in range(2):
        await noted(lead, watch_first="5", at="2026-11-21T08:00")
    await noted(lead, watch_first="7", key="k2")
    await noted(it, watch_first="9", key="k3")

    async with console.database.session() as session:
        found = [(one.first_items, one.since, one.operation) for one in await session.exec(select(Watch))]
    later = datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert sorted(found) == [(5, later, "mark_failed_delivery"), (7, NOW, "mark_failed_delivery")]


async def test_it_is_said_otherwise_and_how_it_was_stays(console: Console, as_role: SignedIn) -> None:
    """The form shows the time by the clock it was noted in; after an edit the audit has what was said before."""
    lead, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    here = await noted(lead)

    form = (await it.get(f"{here}/edits")).text
    await it.post(f"{here}/edits", data={**FORM, "at": "2026-11-20T07:00", "seen": "1"})

    (row,) = await rows(console)
    async with console.database.session() as session:
        edits = select(AuditEntry).where(AuditEntry.action == "system_change.edited")
        audit = (await session.exec(edits)).one()
    assert 'value="2026-11-20T08:00"' in form
    assert (row.at, row.edited_by) == (datetime(2026, 11, 20, 6, tzinfo=UTC), "it@example.org")
    assert (audit.actor, audit.data["was"]["at"]) == ("it@example.org", "2026-11-20T07:00:00Z")


async def test_of_two_editors_the_later_sees_what_is_true(console: Console, as_role: SignedIn) -> None:
    """F54: 409 with who was quicker, nothing changed, the typed text kept; sent again it is meant so."""
    lead, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    here = await noted(lead)
    await it.post(f"{here}/edits", data={**FORM, "what": "From IT.", "seen": "1"})

    late = await lead.post(f"{here}/edits", data={**FORM, "what": "My long story.", "seen": "1"})
    (between,) = await rows(console)
    again = re.search(r'name="seen" value="(\d+)"', late.text)
    assert again is not None
    await lead.post(f"{here}/edits", data={**FORM, "what": "My long story.", "seen": again[1]})

    assert (late.status_code, between.what) == (409, "From IT.")
    assert "it@example.org changed it meanwhile" in late.text
    assert "My long story.</textarea>" in late.text
    assert (await rows(console))[0].what == "My long story."


async def test_a_withdrawn_change_stays_so(console: Console, supervisor: httpx.AsyncClient) -> None:
    """With a reason, once; the page says it, and an edit that comes later changes nothing."""
    here = await noted(supervisor)

    without = await supervisor.post(f"{here}/withdrawals", data={"why": ""})
    first = [row.withdrawn_at for row in await rows(console)]
    await supervisor.post(f"{here}/withdrawals", data={"why": "It was the test desk."})
    await supervisor.post(f"{here}/withdrawals", data={"why": "Another reason."})
    late = await supervisor.post(f"{here}/edits", data={**FORM, "what": "Anew.", "seen": "2"})

    (row,) = await rows(console)
    assert (without.status_code, first) == (303, [None])
    assert (row.withdrawn_at, row.withdrawn_why, row.what) == (NOW, "It was the test desk.", FORM["what"])
    assert late.status_code == 409
    assert "It was the test desk." in (await supervisor.get(here)).text


async def test_only_supervisors_and_it_mind_changes(as_role: SignedIn) -> None:
    """Agents and operations are told so, by page and by form."""
    agent = await as_role(Role.AGENT)

    answers = [await agent.get("/system-changes"), await agent.post("/system-changes", data=FORM)]

    assert [answer.status_code for answer in answers] == [403, 403]
