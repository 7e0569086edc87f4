"""The failure queue and its groups: what stands on the pages, what people do there, what a stale page does."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from core.work_item import State
from failure.signature import Trouble
from failure.states import Review
from records.activity_retry import Repeated, note
from records.failure import FailureAct, FailureGroup
from records.intake import hand_in
from records.people import Role
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.failing import Entries
from tests.support.journey import handed, report_of

RENAMED = {"was": {"caption": "Reason code", "row": 3}, "now": {"caption": "Cause", "row": 5}, "moved": True}
CHANGED = Trouble(screen="S31 DELIVERY FAILURE", step="enter", drift=(RENAMED,))
BLIND = Trouble(screen="S30 ORDERS", step="find")
SAID = "A screen of the Order desk changed"


@pytest.fixture
async def entries(console: Console) -> Entries:
    """The entries of a case that is open."""
    async with console.database.session() as session:
        return Entries(console.database, await hand_in(session, handed(report_of("4700123")), NOW))


async def broken(entries: Entries, *order_nos: str, trouble: Trouble = CHANGED) -> FailureGroup:
    """So many that failed of that; their group."""
    for order_no in order_nos:
        item = await entries.failed(order_no, trouble=trouble, at=NOW - timedelta(minutes=5))
    return await entries.group(item)


async def group_of(console: Console, known: FailureGroup) -> FailureGroup:
    """How it stands now."""
    async with console.database.session() as session:
        return await session.get_one(FailureGroup, known.id)


async def acts(console: Console) -> list[str]:
    """The history of all groups."""
    async with console.database.session() as session:
        return [act.what for act in await session.exec(select(FailureAct).order_by(col(FailureAct.at)))]


def seen(page: str) -> str:
    """The mark that the page carries."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found is not None
    return found.group(1)


async def test_a_group_is_one_sentence_with_what_stands_how(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """Two that are surely not in and one in doubt are one line: what happened, where, how they stand."""
    await broken(entries, "4700001", "4700002")
    await entries.tried(await entries.new("4700003"), State.UNKNOWN, trouble=CHANGED, at=NOW)

    page = (await supervisor.get("/failures")).text

    assert "1 group with 3 open failures" in page
    assert "field &#34;Reason code&#34; is now &#34;Cause&#34;, moved from row 3 to row 5" in page
    assert "<strong>2</strong> surely not entered" in page
    assert "<strong>1</strong> may be in" in page


async def test_a_look_that_fails_stands_on_top(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """One look that fails comes before any number of others, and says that all doubt waits for it."""
    await broken(entries, "4700001", "4700002", "4700003")
    blind = await broken(entries, "4700004", trouble=BLIND)

    page = (await supervisor.get("/failures")).text

    assert re.findall(r'<td class="name"><a href="/failures/([^"]+)"', page)[0] == str(blind.id)
    assert "All doubt waits for this" in page


async def test_the_queue_opens_on_what_happened_since_somebody_was_here(
    entries: Entries, console: Console, as_role: SignedIn
) -> None:
    """A first visit tells of a day; a later one of what came since: the group that is new, and what others did."""
    supervisor, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    queue = (await supervisor.get("/failures")).text
    first = (await supervisor.get("/failures/news")).text
    known = await broken(entries, "4700001")
    group = await it.get(f"/failures/{known.id}")
    await it.post(f"/failures/{known.id}/tickets", data={"seen": seen(group.text), "ticket": "INC-1"})

    again = (await supervisor.get("/failures/news")).text

    assert 'hx-get="/failures/news" hx-trigger="load"' in queue
    assert "you were not here before" in first
    assert "Nothing happened" in first
    assert "1 new" in again
    assert "Ticket INC-1 noted" in again


FILTERS = {
    "system=orderdesk": True,
    "system=servicedesk": False,
    "kind=drift": True,
    "kind=refused": False,
    "review=new": True,
    "review=verified": False,
    "owner=nobody": True,
    "owner=supervisor@example.org": False,
    "journey=failed-delivery": True,
    "journey=booking-dispatch": False,
    "tier=Z": False,
    "q=delivery+failure": True,
    "q=warehouse": False,
    "show=snoozed": False,
    "show=over": False,
    "show=all": True,
    "due=72": False,
    "sort=due": True,
    "sort=most": True,
    "sort=latest": True,
    "sort=oldest": True,
}


async def test_filters_live_in_the_address(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """Each filter leaves the group or does not, and what leaves none says so."""
    group = await broken(entries, "4700001")

    pages = {query: (await supervisor.get(f"/failures?{query}")).text for query in FILTERS}

    left = {query: f'<td class="name"><a href="/failures/{group.id}"' in page for query, page in pages.items()}
    empty = {query: "No group is like this." in page or "Nothing is found" in page for query, page in pages.items()}
    assert left == FILTERS
    assert empty == {query: not found for query, found in FILTERS.items()}


async def test_a_case_leads_to_its_group(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """The number of a case finds the group that one of its entries failed with; a wrong filter is named."""
    group = await broken(entries, "4700001")

    found = await supervisor.get(f"/failures?q={entries.case.case_number}")
    wrong = await supervisor.get("/failures?kind=evil")

    assert f'href="/failures/{group.id}"' in found.text
    assert wrong.status_code == 422


async def test_a_group_says_everything_about_itself(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """What happened, whether it is all right, what next, why it is one, its code's meaning, its entries and tries."""
    group = await broken(entries, "4700001", "4700002")

    page = (await supervisor.get(f"/failures/{group.id}")).text

    told = (SAID, "No: 2 open. 2 surely not entered.", "Compare the two screens", "Why grouped", "element_missing",
            "Something that the bot works with is not on the screen.", "4700001", "4700002", "1: under way",
            "Nothing is ticked: a bulk action covers all 2 open entries of this group.")  # fmt: skip
    assert [text for text in told if text not in page] == []
    assert 'action="/bulk-actions/new" method="get"' in page


async def test_people_look_after_a_group(entries: Entries, console: Console, supervisor: httpx.AsyncClient) -> None:
    """Taken, acknowledged, commented once however often it is sent; each stands in the history."""
    known = await broken(entries, "4700001")
    here = f"/failures/{known.id}"

    for noun, form in (
        ("owners", {"owner": "supervisor@example.org"}),
        ("acknowledgements", {}),
        ("comments", {"text": "The vendor knows.", "key": "k"}),
        ("comments", {"text": "The vendor knows.", "key": "k"}),
    ):
        page = (await supervisor.get(here)).text
        answer = await supervisor.post(f"{here}/{noun}", data={"seen": seen(page), **form})
        assert answer.status_code == 303, answer.text

    group, page = await group_of(console, known), (await supervisor.get(here)).text
    assert (group.owner, group.review) == ("supervisor@example.org", Review.ACKNOWLEDGED)
    assert (await acts(console)).count("group.commented") == 1
    assert "“The vendor knows.”" in page


async def test_a_stale_page_is_told_what_is_true_and_keeps_what_was_typed(
    entries: Entries, console: Console, as_role: SignedIn
) -> None:
    """Two editors: the second is answered with what the first did, nothing is changed, what they typed still there."""
    supervisor, it = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    known = await broken(entries, "4700001")
    here = f"/failures/{known.id}"
    page = (await supervisor.get(here)).text
    await supervisor.post(f"{here}/owners", data={"seen": seen(page), "owner": "it@example.org"})

    late = await it.post(f"{here}/tickets", data={"seen": seen(page), "ticket": "INC-4711"})

    assert late.status_code == 409
    assert "supervisor@example.org: Given to it@example.org." in late.text
    assert 'value="INC-4711"' in late.text
    assert (await group_of(console, known)).ticket == ""


async def test_groups_are_merged_and_parted_again(
    entries: Entries, console: Console, supervisor: httpx.AsyncClient
) -> None:
    """A group that has most in common is proposed; merged it leads here, taken back it is its own again."""
    into = await broken(entries, "4700001", "4700002")
    other = await broken(entries, "4700003", trouble=Trouble(screen="S31 DELIVERY FAILURE", step="enter"))
    here = f"/failures/{into.id}"
    page = (await supervisor.get(here)).text
    form = {"seen": seen(page), "other": str(other.id), "why": "the same release"}

    without = await supervisor.post(f"{here}/merges", data={**form, "why": ""})
    merged = await supervisor.post(f"{here}/merges", data=form)
    led = await supervisor.get(f"/failures/{other.id}")
    one = (await supervisor.get(here)).text
    ending = re.search(r'action="([^"]+/endings)"', one)
    assert ending is not None
    await supervisor.post(ending.group(1))

    assert f'value="{other.id}"' in page
    assert (without.status_code, merged.status_code) == (422, 303)
    assert led.headers["location"] == here
    assert "3 open" in one
    assert (await group_of(console, into)).open == 2


async def test_entries_come_in_pages_and_by_what_they_are(entries: Entries, supervisor: httpx.AsyncClient) -> None:
    """The first page holds so many in original order and leads to the rest; a filter leaves what it says."""
    for number in range(27):
        at = NOW - timedelta(minutes=60 - number)
        item = await entries.tried(await entries.new(f"47001{number:02}", at), State.BROKEN, trouble=CHANGED, at=at)
    await entries.tried(await entries.new("4700299", NOW), State.UNKNOWN, trouble=CHANGED, at=NOW)
    here = f"/failures/{(await entries.group(item)).id}"

    first = (await supervisor.get(here)).text
    more = re.search(r'href="(/failures/[^"]+after=[^"]+)#entries"', first)
    assert more is not None
    second = (await supervisor.get(more.group(1).replace("&amp;", "&"))).text
    doubt = (await supervisor.get(f"{here}?standing=maybe")).text
    none = (await supervisor.get(f"{here}?tier=Z&due=4")).text

    ticks = [re.findall(r'aria-label="Tick (\d+)"', page) for page in (first, second, doubt, none)]
    assert [len(one) for one in ticks] == [25, 3, 1, 0]
    assert (ticks[0][0], ticks[1][-1], ticks[2]) == ("4700100", "4700299", ["4700299"])
    assert "No entry is like this." in none


async def test_what_is_over_says_so(entries: Entries, console: Console, supervisor: httpx.AsyncClient) -> None:
    """The last one in: the group is verified by itself, and the queue tells of it as cured alone."""
    await supervisor.get("/failures/news")
    item = await entries.failed("4700001", trouble=CHANGED, at=NOW)
    group = await entries.group(item)
    await entries.moved(item, State.READY, at=NOW + timedelta(minutes=1))
    await entries.tried(item, State.DONE, trouble=None, at=NOW + timedelta(minutes=2))

    page, news = (await supervisor.get(f"/failures/{group.id}")).text, (await supervisor.get("/failures/news")).text

    assert "Yes: nothing of it is open." in page
    assert "1 cured alone" in news


async def test_it_sees_what_temporal_repeats(console: Console, as_role: SignedIn) -> None:
    """An activity that is tried again and again stands on IT's queue with its workflow, and on nobody else's."""
    it, agent = await as_role(Role.IT), await as_role(Role.AGENT)
    repeated = Repeated(
        run_id="r", activity_id="1", workflow_id="item/7", activity="perform", task_queue="baton", attempt=7,
        code="system_down", since=NOW - timedelta(minutes=9), last_at=NOW,
    )  # fmt: skip
    async with console.database.session() as session:
        await note(session, repeated)

    shown, hidden = (await it.get("/failures")).text, (await agent.get("/failures")).text

    assert "The system does not answer." in shown
    assert "/temporal/item/7?run=r" in shown
    assert "/temporal/item/7" not in hidden


async def test_who_may_what(entries: Entries, console: Console, as_role: SignedIn) -> None:
    """Agents and IT read and comment, supervisors review, operations do not come here."""
    known = await broken(entries, "4700001")
    here = f"/failures/{known.id}"
    agent, ops = await as_role(Role.AGENT), await as_role(Role.OPS)

    answers = [
        (await ops.get("/failures")).status_code,
        (await agent.get(here)).status_code,
        (await agent.post(f"{here}/comments", data={"text": "seen", "key": "a"})).status_code,
        (await agent.post(f"{here}/acknowledgements", data={})).status_code,
        (await agent.post(f"{here}/owners", data={"owner": "agent@example.org"})).status_code,
    ]

    assert answers == [403, 200, 303, 403, 403]
    assert (await group_of(console, known)).review is Review.NEW
