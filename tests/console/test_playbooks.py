"""The pages of playbooks and dependencies: what counts, what customers read, and what an outage hits."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from console.dependency_map import maps, needed_words
from core.case import Stage
from fallbacks.playbooks import FollowPlaybooks
from records.people import Role
from records.trail import AuditEntry
from systems.journeys import JOURNEYS
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.outage_cast import OutOfOrder


@pytest.fixture
async def out(console: Console) -> OutOfOrder:
    """The order desk, out for an hour; two cases wait for it, one of them has a handoff."""
    made = OutOfOrder(console.database, NOW)
    await made.begins()
    await made.handoff(await made.case())
    await made.case(stage=Stage.RESOLVING)
    await FollowPlaybooks(console.database, None, None).run_once(NOW)
    return made


def choice(page: str, name: str) -> dict[str, str]:
    """The form of the page, with this playbook chosen."""
    fields = dict(re.findall(r'name="(outage|seen)" value="([^"]*)"', page))
    return {**fields, "playbook": name}


async def test_the_page_says_what_counts_and_what_came_of_it(out: OutOfOrder, supervisor: httpx.AsyncClient) -> None:
    """The outage, its playbook by whose choice, the cases, clocks and customers; below it every playbook."""
    page = (await supervisor.get("/playbooks")).text

    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Order desk Out by its bot" in said
    assert "Wait for the order desk counts: Entries wait for the order desk" in said
    assert "Chosen by itself" in said
    assert "Cases that wait 2 Handoffs whose clocks stand 1 Customers 0 told, 1 mail waits to go, 1 with no" in said
    assert [name in said for name in ("fieldboard-away", "servicedesk-away", "orderdesk-by-hand")] == [True] * 3


async def test_another_one_counts_from_the_click_on(out: OutOfOrder, supervisor: httpx.AsyncClient) -> None:
    """What clocks do changes in the same moment, without waiting for a beat; who chose is kept."""
    form = choice((await supervisor.get("/playbooks")).text, "orderdesk-by-hand")

    answer = await supervisor.post("/playbooks/choices", data=form)

    row = await out.row()
    async with out.database.session() as session:
        noted = [
            (one.actor, one.about) for one in await session.exec(select(AuditEntry)) if one.action == "playbook.chosen"
        ]
    assert answer.status_code == 303
    assert ((row.playbook or {})["name"], row.playbook_by) == ("orderdesk-by-hand", "supervisor@example.org")
    assert [word["what"] for word in await out.words()] == ["hit", "over", "hit"]
    assert noted == [("supervisor@example.org", "orderdesk/production/bot")]


async def test_who_comes_second_changes_nothing(out: OutOfOrder, as_role: SignedIn) -> None:
    """Two choose over the same page: the second is told who was quicker, and sees what counts now."""
    first, second = await as_role(Role.SUPERVISOR), await as_role(Role.IT)
    forms = [
        choice((await one.get("/playbooks")).text, name) for one, name in ((first, "orderdesk-by-hand"), (second, ""))
    ]
    await first.post("/playbooks/choices", data=forms[0])

    await second.post("/playbooks/choices", data=forms[1])

    assert (await out.row()).playbook_by == "supervisor@example.org"
    assert (
        "supervisor@example.org has chosen meanwhile: “Refunds and addresses by hand”"
        in (await second.get("/playbooks")).text
    )


REFUSED = (
    ({"playbook": "fieldboard-away"}, "There is no playbook fieldboard-away for this system."),
    ({"outage": "00000000-0000-0000-0000-000000000000"}, "The outage is over"),
    ({"outage": "nonsense"}, "Nothing was changed."),
)


@pytest.mark.parametrize(("changes", "said"), REFUSED, ids=[said for _, said in REFUSED])
async def test_a_choice_that_cannot_be_is_refused_in_a_sentence(
    out: OutOfOrder, supervisor: httpx.AsyncClient, changes: dict[str, str], said: str
) -> None:
    """Another system's playbook, an outage that is not, nonsense: nothing is changed."""
    form = {**choice((await supervisor.get("/playbooks")).text, "orderdesk-by-hand"), **changes}

    await supervisor.post("/playbooks/choices", data=form)

    assert said in (await supervisor.get("/playbooks")).text
    assert ((await out.row()).playbook or {})["name"] == "orderdesk-away"


async def test_who_may_not_steer_sees_and_chooses_nothing(out: OutOfOrder, agent: httpx.AsyncClient) -> None:
    """An agent reads the page; there is no form on it, and the address refuses them."""
    page = (await agent.get("/playbooks")).text

    answer = await agent.post("/playbooks/choices", data={"outage": str(out.outage_id), "playbook": "", "seen": ""})

    assert "/playbooks/choices" not in page
    assert answer.status_code == 403
    assert (await out.row()).playbook_by == "baton"


async def test_a_mail_is_shown_as_the_customer_of_a_real_case_reads_it(
    out: OutOfOrder, supervisor: httpx.AsyncClient
) -> None:
    """The same text that is kept to be sent; without a number the newest case; a number that is not, one sentence."""
    (mail,) = await out.mails()
    page = "/playbooks/orderdesk-away/2"

    chosen, newest, none = [
        (await supervisor.get(page, params=asked)).text for asked in ({"case": "fd-000001"}, {}, {"case": "FD-999999"})
    ]

    assert mail.subject in chosen
    assert mail.body.splitlines()[2] in chosen
    assert "Dear Customer 1," in chosen
    assert re.search("Dear Customer [12],", newest)
    assert "There is no case FD-999999 of this journey." in none


async def test_a_playbook_is_read_by_its_title(out: OutOfOrder, supervisor: httpx.AsyncClient) -> None:
    """Its page and the list are headed by what people call it; an address that is wrong asks for no number."""
    page, listed = [(await supervisor.get(path)).text for path in ("/playbooks/orderdesk-by-hand/2", "/playbooks")]
    gone = await supervisor.get("/playbooks/orderdesk-by-hand/99", headers={"Accept": "text/html"})

    assert "<h1>Refunds and addresses by hand " in page
    assert '<span class="code">orderdesk-by-hand</span>' in page
    assert '<h3><a href="/playbooks/orderdesk-by-hand/2">Refunds and addresses by hand</a></h3>' in listed
    assert gone.status_code == 404
    assert "Check the address, or open it from where it is listed." in gone.text
    assert "Check the number" not in gone.text


async def test_a_file_with_a_mistake_is_told_on_the_page(
    console: Console, supervisor: httpx.AsyncClient, tmp_path: Path
) -> None:
    """The sentence names the playbook and what is wrong in it."""
    file = tmp_path / "playbooks.toml"
    mistaken = '[playbooks.ours]\nsystem = "orderdesk"\nabout = "x"\nroutes = { refund = "fax" }'
    file.write_text(f'version = "1"\n{mistaken}\n', encoding="utf-8")
    settings = console.parts.settings.model_copy(update={"playbooks_file": file})
    console.app.state.collaborators = replace(console.parts, settings=settings)

    page = (await supervisor.get("/playbooks")).text

    assert "routes: refund: route: there is no route “fax”" in page


async def test_the_map_counts_who_waits_and_whose_promise_is_next(out: OutOfOrder, ops: httpx.AsyncClient) -> None:
    """The stages with cases that wait, the promises in their order, and none of what another system carries."""
    page = (await ops.get("/dependencies", params={"system": "orderdesk"})).text

    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "The Order desk is out since" in said
    assert "2 cases wait for it" in said
    assert said.count("1 case waits") == 2
    assert said.index("FD-000001") < said.index("FD-000002")
    assert "Booking to dispatch" not in said
    assert "goes on without" in said


async def test_nothing_waits_when_nothing_is_out(console: Console, ops: httpx.AsyncClient) -> None:
    """Without an outage the map stands, and says so."""
    made = OutOfOrder(console.database, NOW)
    await made.case()
    await made.begins(ago=timedelta(hours=3))
    await made.ends()

    page = (await ops.get("/dependencies")).text

    assert "No outage lasts now" in page
    assert "box-hit" not in page


def test_every_need_is_a_line_from_its_stage_to_its_system() -> None:
    """What is drawn is what is declared: as many lines as needs, soft where the cases go on."""
    drawn = {one.title: one for one in maps("", {}, {}, ())}

    for journey in JOURNEYS.values():
        needs = [need for station in journey.stations for need in station.needs]
        lines = drawn[journey.title].lines if needs else ()
        assert [line.stops for line in lines] == [need.stops for need in needs]
    first = next(need for _, need in JOURNEYS["failed-delivery"].needs("servicedesk"))
    assert needed_words(first) == "Service desk: open a service ticket"
