"""The list and the page of a case: filters, search, pages by key, what it waits for, what happened."""

import re
import uuid
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from console import case_list
from console.case_list import COUNTED, Page, Row, Sort, Wanted
from core.case import Stage, WaitsFor
from records.case import Case
from records.people import Role
from tests.console.conftest import ADDRESS, NOW, Console, SignedIn
from tests.support.cast_of_cases import Cast


def numbers(answer: httpx.Response) -> list[str]:
    """The case numbers of an API answer, in its order."""
    return [found["number"] for found in answer.json()["cases"]]


FINDS = {
    "which=closed": ["closed"],
    "stage=correction": ["correction"],
    "wait=look": ["unknown"],
    "wait=temporal": ["kept"],
    "wait=held_system": ["held"],
    "wait=nothing": ["second_attempt"],
    "wait=person": ["offered", "picked_up", "proposed", "refused", "correction"],
    "cause=carrier": ["held"],
    "sort=due&wait=person&stage=with_service": ["picked_up", "offered", "proposed"],
    "q=FD-000002": ["refused"],
    "q=fd 000002": ["refused"],
    "q=4700124": ["refused"],
    "q=P-88112346": ["refused"],
    "q=K-00124": ["refused"],
    "q=demir yus": ["refused"],
    "q=Petrović": ["unknown"],
    "q=T-000005": ["picked_up"],
    "q=rescheduled": [],
    "q='; DROP TABLE cases; --": [],
    "q=%26 | ! :*": [],
}
"""What an address finds, by the names of the cast."""


async def test_the_address_finds_cases(cast: Cast, ops: httpx.AsyncClient) -> None:
    """Every filter, sort and kind of number or name leads to exactly its cases; a sort also to their order."""
    wanted = {query: [getattr(cast, name) for name in names] for query, names in FINDS.items()}

    found = {query: numbers(await ops.get(f"/api/cases?{query}")) for query in FINDS}

    assert {query: _in_order(query, cases) for query, cases in found.items()} == {
        query: _in_order(query, cases) for query, cases in wanted.items()
    }


def _in_order(query: str, cases: list[str]) -> list[str]:
    return cases if "sort=" in query else sorted(cases)


async def test_mine_means_handed_in_or_held_by_me(cast: Cast, as_role: SignedIn) -> None:
    """An agent's own cases are those picked up or decided; the submitter's are those handed in."""
    agent, supervisor, ops = [await as_role(role) for role in (Role.AGENT, Role.SUPERVISOR, Role.OPS)]

    mine = [sorted(numbers(await who.get("/api/cases?mine=1&which=all"))) for who in (agent, supervisor)]

    assert mine == [sorted([cast.picked_up, cast.closed]), []]
    assert len(numbers(await ops.get("/api/cases?mine=1&which=all"))) == 10


async def test_a_bots_reference_finds_its_case(cast: Cast, ops: httpx.AsyncClient) -> None:
    """What a bot typed into a legacy screen leads back to the case."""
    reference = (await ops.get(f"/api/cases/{cast.refused}")).json()["items"][0]["reference"]

    assert numbers(await ops.get(f"/api/cases?q={reference.lower()}")) == [cast.refused]


async def test_an_exact_number_opens_its_case(cast: Cast, ops: httpx.AsyncClient) -> None:
    """Typing a whole case number leaves no list in between."""
    answer = await ops.get(f"/cases?q={cast.closed.lower()}")

    assert answer.headers["location"] == f"/cases/{cast.closed}"


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_by_key_lose_and_repeat_nothing(sort: Sort, cast: Cast, console: Console) -> None:
    """Page after page gives every case once, in order, while new ones arrive in front."""
    seen: list[str] = []
    wanted = Wanted(which=case_list.Which.ALL, sort=sort)
    for turn in range(10):
        async with console.database.session() as session:
            page = await case_list.find(session, wanted, "ops@example.org", size=3)
            session.add(_case(turn))
        seen += [row.case.number for row in page.rows if row.case.number.startswith("FD-0000")]
        if not page.next:
            break
        wanted = wanted.model_copy(update={"after": page.next})

    assert len(seen) == len(set(seen)) == 10


async def test_a_key_that_is_none_shows_the_first_page(cast: Cast, ops: httpx.AsyncClient) -> None:
    """Whatever stands in `after`, the answer is a list."""
    for after in ("nonsense", "2026-11-20~", "~~", "2026-13-45T00:00:00~00000000-0000-0000-0000-000000000000"):
        assert numbers(await ops.get("/api/cases", params={"after": after, "which": "all"}))


def _case(turn: int, **changes: object) -> Case:
    moment = NOW + timedelta(minutes=turn)
    return Case(
        number=f"FD-9{turn:05}",
        journey="failed-delivery",
        business_key=str(uuid.uuid4()),
        subject_key="x",
        stage=Stage.RECEIVED,
        opened_at=moment,
        updated_at=moment,
        wait_kind=WaitsFor.TEMPORAL,
        wait_since=moment,
    )


def test_the_count_is_honest() -> None:
    """Up to ten thousand it is exact; above it says so."""
    said = [Page(rows=[], counted=number, next="").count for number in (0, 1, 1234, COUNTED, COUNTED + 1)]

    assert said == ["0 cases", "1 case", "1,234 cases", "10,000 cases", "more than 10,000 cases"]


async def test_list_page_and_api_say_the_same_wait(cast: Cast, ops: httpx.AsyncClient) -> None:
    """The sentence of every open case stands in the list, on its page and in the API, word for word."""
    page = _text(await ops.get("/cases"))
    different = []
    for case in (await ops.get("/api/cases")).json()["cases"]:
        alone = (await ops.get(f"/api/cases/{case['number']}")).json()["wait"]
        shown = _text(await ops.get(f"/cases/{case['number']}"))
        sentence = case["wait"]["sentence"]
        if alone != case["wait"] or sentence not in shown or sentence not in page:
            different.append(case["number"])

    assert not different


def _text(answer: httpx.Response) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.text)
    return " ".join(plain.replace("&#39;", "'").replace("&#34;", '"').split())


async def test_a_case_page_answers_three_questions(cast: Cast, supervisor: httpx.AsyncClient) -> None:
    """What it is, whether it is all right, and what to do next stand at the top."""
    page = _text(await supervisor.get(f"/cases/{cast.refused}"))

    assert "Failed delivery of order 4700124, parcel P-88112346" in page
    assert "Needs a person" in page
    assert "Decide how to go on with “mark the order: delivery failed”." in page


async def test_a_failed_run_shows_its_evidence(cast: Cast, supervisor: httpx.AsyncClient) -> None:
    """Screens, the snapshot, the trace and the steps of the try stand on the case; the bytes are served."""
    html = (await supervisor.get(f"/cases/{cast.refused}")).text
    links = re.findall(r'href="(/evidence/[0-9a-f-]+)"', html)

    served = [(await supervisor.get(link)).headers["content-type"] for link in links]

    assert sorted(served) == ["application/zip", "image/png", "image/png", "text/plain; charset=utf-8"]
    assert "Read the record back" in html
    assert "Ours" in html
    assert "On the screen" in html


async def test_lost_evidence_is_said_plainly(cast: Cast, console: Console, ops: httpx.AsyncClient) -> None:
    """When the bytes are gone the answer is 410 and not a fault."""
    html = (await ops.get(f"/cases/{cast.refused}")).text
    link = re.findall(r'src="(/evidence/[0-9a-f-]+)"', html)[0]
    for path in (console.parts.settings.data_dir / "evidence").rglob("*.png"):
        path.unlink()

    answer = await ops.get(link)

    assert answer.status_code == 410
    assert "no longer kept" in answer.text


async def test_only_it_gets_the_way_into_temporal(cast: Cast, as_role: SignedIn) -> None:
    """One link names the workflow, one lists all that run for the case; other roles see neither."""
    at = "http://temporal.test/namespaces/default/workflows"
    all_of_it = quote(f'BatonCaseUrl="{ADDRESS}/cases/{cast.refused}"', safe="")
    links = [f'"/temporal/failed-delivery/{cast.refused}"', f'{at}?query={all_of_it}"']

    pages = {role: (await (await as_role(role)).get(f"/cases/{cast.refused}")).text for role in Role}

    shown = {role: [link in page for link in links] for role, page in pages.items()}
    assert shown == {role: [role is Role.IT] * 2 for role in Role}


async def test_only_who_may_act_sees_the_buttons(cast: Cast, as_role: SignedIn) -> None:
    """Supervisor, agent and dispatcher can decide about a failed entry; others see it without buttons."""
    shown = {role: "Try again" in (await (await as_role(role)).get(f"/cases/{cast.refused}")).text for role in Role}

    assert shown == {role: role in (Role.SUPERVISOR, Role.AGENT, Role.DISPATCHER) for role in Role}


async def test_a_proposal_stands_beside_what_it_would_change(cast: Cast, supervisor: httpx.AsyncClient) -> None:
    """Both contents are shown, and the field that differs is marked in words."""
    page = _text(await supervisor.get(f"/cases/{cast.proposed}"))

    assert "nobody answered the door, card left wrong house number on the label differs" in page
    assert page.count(" differs") == 1


async def test_cases_of_one_parcel_are_linked(cast: Cast, ops: httpx.AsyncClient) -> None:
    """A second attempt is a case of its own, shown beside the first."""
    linked = [
        (await ops.get(f"/api/cases/{number}")).json()["linked"] for number in (cast.proposed, cast.second_attempt)
    ]

    assert linked == [[cast.second_attempt], [cast.proposed]]


async def test_the_journey_shows_where_it_is_and_where_it_waited(cast: Cast, ops: httpx.AsyncClient) -> None:
    """The strip marks the stage the case stands on, and names trouble in words."""
    html = (await ops.get(f"/cases/{cast.refused}")).text
    strip = html[html.index('class="strip"') : html.index('class="columns"')]

    here = strip[strip.index('aria-current="step"') :]
    assert "Order marked" in here[: here.index("</li>")]
    assert "trouble here" in here[: here.index("</li>")]


async def test_home_counts_what_waits(cast: Cast, as_role: SignedIn) -> None:
    """Each tile's number is that of the list it leads to."""
    client = await as_role(Role.SUPERVISOR)
    home = (await client.get("/")).text
    tiles = dict(re.findall(r'href="/cases\?(wait=\w+)"><span class="number">(\d+)', home))

    counted = {query: str((await client.get(f"/api/cases?{query}")).json()["count"]) for query in tiles}

    assert counted == {**tiles, "wait=person": "5"}
    assert "wait=look" in tiles


async def test_an_empty_list_says_how_to_fill_it(ops: httpx.AsyncClient) -> None:
    """No case at all, and nothing found, are told apart."""
    assert "No case is open." in (await ops.get("/cases")).text
    assert "Nothing is found for" in (await ops.get("/cases?q=zzz")).text


def test_a_row_needs_no_wait() -> None:
    """A closed case has none, and filters drop what is empty."""
    assert Row(case=_case(1), wait=None).wait is None
    assert Wanted.read({"stage": "", "q": ""}).query() == {}
