"""What a page of the desk says and offers beside the decision: taken up early, moved, folded, counted, dated."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from console.days import dated
from handoff.clock import ClockKind, Ticked
from records.case import Case
from records.people import Role
from tests.console.conftest import NOW, Console, SignedIn
from tests.console.test_desk import AGENT, LATER, mine
from tests.console.test_desk_clocks import began, clock
from tests.console.test_desk_deeds import change
from tests.support.desk_cast import offer
from tests.support.desk_offers import stand


async def test_what_is_put_aside_can_be_taken_up_by_its_holder_alone(
    console: Console, agent: httpx.AsyncClient, as_role: SignedIn
) -> None:
    """The button stands on an aside case of mine and nowhere else; without Temporal it says so on the page, 503."""
    number = await mine(console)
    before = (await agent.get(f"/desk/{number}")).text
    await change(console, number, wait_for="time", wait_until=NOW + timedelta(hours=2), wait_about="the depot opens")

    page = (await agent.get(f"/desk/{number}")).text
    others = (await (await as_role(Role.SUPERVISOR)).get(f"/desk/{number}")).text
    away = await agent.post(f"/cases/{number}/takeups", data={"key": "same-key"})

    shown = [f"/cases/{number}/takeups" in one for one in (before, page, others)]
    assert shown == [False, True, False]
    assert (away.status_code, "Temporal does not answer" in away.text) == (503, True)


async def test_a_supervisor_moves_somebodys_case_from_its_page(
    console: Console, agent: httpx.AsyncClient, as_role: SignedIn
) -> None:
    """On a case that somebody else has, a supervisor finds the way to move it; an agent does not."""
    number = await offer(console.database, NOW, "4700126", LATER, holder="ada@example.org")
    lead = await as_role(Role.SUPERVISOR)

    pages = [(await one.get(f"/desk/{number}")).text for one in (lead, agent)]
    preview = await lead.get(f"/moves?case={number}")

    assert [f'href="/moves?case={number}"' in page for page in pages] == [True, False]
    assert (preview.status_code, number in preview.text) == (200, True)


async def test_ended_clocks_of_being_picked_up_fold(console: Console, agent: httpx.AsyncClient) -> None:
    """What still counts stands open; a pick-up that is over is one line, to be opened."""
    number, start = await mine(console), NOW - timedelta(hours=1)
    await clock(console, number, [began(ClockKind.RESOLUTION, 8, start)])
    met = Ticked(what="met", at=NOW, by=AGENT)
    await clock(console, number, [began(ClockKind.ACCEPTANCE, 2, start), met])

    page = (await agent.get(f"/desk/{number}")).text

    open_part, _, folded = page.partition('<details class="past-clocks"')
    assert "1 clock of being picked up has ended" in folded
    assert ('id="ran-resolution"' in open_part, 'id="ran-acceptance"' in open_part) == (True, False)
    assert 'id="ran-acceptance"' in folded


async def test_a_withdrawn_case_says_so_at_its_head(console: Console, agent: httpx.AsyncClient) -> None:
    """Closed because its starter took it back: withdrawn, not done, on the case, in the list and on the desk."""
    number = await mine(console)
    handoff = await change(console, number, state="withdrawn", ended_at=NOW)
    async with console.database.session() as session:
        case = await session.get_one(Case, handoff.case_id)
        case.sqlmodel_update({"stage": "closed", "closed_at": NOW, "outcome": "withdrawn: the customer keeps it"})

    pages = [(await agent.get(path)).text for path in (f"/cases/{number}", "/cases?which=closed", f"/desk/{number}")]

    assert [bool(re.search(r"</svg>(Withdrawn|Case withdrawn)</span>", page)) for page in pages] == [True] * 3


async def test_what_is_offered_to_somebody_else_is_not_counted_as_waiting(
    console: Console, agent: httpx.AsyncClient
) -> None:
    """The desk counts what nobody was offered, and what this person was; the rest is listed with its name."""
    await stand(console.database, NOW, "4700201")
    await stand(console.database, NOW, "4700202", assigned_to=AGENT, assigned_at=NOW)
    await stand(console.database, NOW, "4700203", assigned_to="supervisor@example.org", assigned_at=NOW)

    page = unescape((await agent.get("/desk")).text)

    assert "2 cases wait for somebody." in page
    assert "Offered to Supervisor" in page


async def test_a_queue_without_people_is_trouble_only_while_something_waits(
    console: Console, as_role: SignedIn
) -> None:
    """In red with how many wait, else said quietly."""
    lead = await as_role(Role.SUPERVISOR)
    quiet = (await lead.get("/queues")).text
    await stand(console.database, NOW, "4700201", queue="mail-unmatched")

    waits = (await lead.get("/queues")).text

    assert '<span class="quiet">nobody works on it</span>' in quiet
    assert '<span class="reason">nobody works on it, and 1 case waits</span>' in waits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("failed on 2026-11-18, promised 18.11.2026, 12:00", "failed on 18 Nov 2026, promised 18 Nov 2026, 12:00"),
        ("2026-13-40 and 31.02.2026 are no days, P-2026-11-18x is a name", None),
    ],
)
def test_a_page_says_days_in_one_shape(text: str, said: str | None) -> None:
    """However a screen or a report wrote a day; what is none stays as it is."""
    assert dated(text) == (said or text)
