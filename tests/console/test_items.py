"""A person's word to a work item: sent as an Update to a real Temporal, answered in words, nothing typed lost."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from console import telling
from console.app import create_app
from records.people import Role
from tests.console.conftest import Console, SignedIn
from tests.support.cast_of_cases import Cast
from tests.support.servers import Temporal
from workflows.acts import (
    ApproveFilled,
    CorrectItem,
    DiscardItem,
    DoneByHand,
    GiveBack,
    RerouteItem,
    RetryItem,
    TakeOver,
    Told,
)


@workflow.defn(name="ListensToPeople")
class ListensToPeople:
    """Takes what the console sends to an item, remembers it, and refuses an entry by hand."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self) -> None:
        """Listen until the test ends."""
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def retry(self, act: RetryItem) -> Told:
        """Heard."""
        self.heard.append(f"retry by {act.by}")
        return Told(message="It is tried again.")

    @workflow.update
    async def correct(self, act: CorrectItem) -> Told:
        """Heard."""
        self.heard.append(f"correct {act.content['reason_code']} because {act.why}")
        return Told(message="Corrected; it is tried again.")

    @workflow.update
    async def discard(self, act: DiscardItem) -> Told:
        """Heard."""
        self.heard.append(f"discard {act.reason}")
        return Told(message="Given up.")

    @workflow.update
    async def done_by_hand(self, act: DoneByHand) -> Told:
        """Refused."""
        raise ApplicationError(f"{act.confirmation} is not on the screen.", type="wrong_state", non_retryable=True)

    @workflow.update
    async def take_over(self, act: TakeOver) -> Told:
        """Heard."""
        self.heard.append("take over")
        return Told(message="It is yours.")

    @workflow.update
    async def give_back(self, act: GiveBack) -> Told:
        """Heard."""
        self.heard.append(f"give back {act.truth} {act.seen} {act.why}".strip())
        return Told(message="A bot goes on.")

    @workflow.update
    async def reroute(self, act: RerouteItem) -> Told:
        """Heard."""
        self.heard.append(f"reroute {act.route} because {act.reason}")
        return Told(message="Another way.")

    @workflow.update
    async def approve(self, act: ApproveFilled) -> Told:
        """Heard."""
        self.heard.append(f"approve {act.values}")
        return Told(message="Approved.")

    @workflow.query
    def told(self) -> list[str]:
        """Everything that was heard."""
        return self.heard


@pytest.fixture
async def item(cast: Cast, supervisor: httpx.AsyncClient) -> str:
    """The id of the refused item."""
    found: str = (await supervisor.get(f"/api/cases/{cast.refused}")).json()["items"][0]["id"]
    return found


@pytest.fixture
async def listening(console: Console, temporal: Temporal, item: str) -> AsyncIterator[tuple[Console, Client]]:
    """The console with a Temporal that runs, and something there that listens as this item."""
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=pydantic_data_converter
    )
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="listens", workflows=[ListensToPeople], workflow_runner=runner):
        handle = await client.start_workflow("ListensToPeople", id=f"item/{item}", task_queue="listens")
        parts = replace(console.parts, temporal=client)
        yield Console(create_app(parts), parts), client
        await handle.terminate()


async def heard(client: Client, item: str) -> list[str]:
    """What arrived at the item."""
    found: list[str] = await client.get_workflow_handle(f"item/{item}").query("told")
    return found


async def test_a_retry_pressed_twice_is_one(listening: tuple[Console, Client], item: str, cast: Cast) -> None:
    """The form's key is the Update's id: two presses of one button are one word, and both say what was answered."""
    console, client = listening
    browser = await console.signed_in(Role.SUPERVISOR)

    answers = [await browser.post(f"/items/{item}/retries", data={"key": "pressed"}) for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == [f"/cases/{cast.refused}#item-{item}"] * 2
    assert "It is tried again." in (await browser.get(f"/cases/{cast.refused}")).text
    assert len(await heard(client, item)) == 1


async def test_a_correction_carries_content_and_reason(listening: tuple[Console, Client], item: str) -> None:
    """The typed form is checked by the model the bot keys from, and sent with the reason."""
    console, client = listening
    browser = await console.signed_in(Role.AGENT)
    form = {"reason_code": "13", "attempt": "1", "why": "the gate was locked", "key": "k1", "order_no": "9999999"}

    answer = await browser.post(f"/items/{item}/corrections", data=form)

    assert answer.status_code == 303
    assert await heard(client, item) == ["correct 13 because the gate was locked"]


async def test_a_refusal_keeps_what_was_typed(listening: tuple[Console, Client], item: str) -> None:
    """The workflow's sentence is shown, and the form comes back filled, with a key of its own for the next try."""
    console, _ = listening
    browser = await console.signed_in(Role.SUPERVISOR)

    answer = await browser.post(f"/items/{item}/hand-entries", data={"confirmation": "0009876", "key": "k1"})

    assert answer.status_code == 409
    assert "0009876 is not on the screen." in answer.text
    assert 'value="0009876"' in answer.text
    assert 'name="key" value="k1"' not in answer.text


async def test_a_look_that_takes_long_is_told_as_that(
    listening: tuple[Console, Client], item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that nothing answers while the screen is read; the form keeps its key, so that it counts once."""
    console, _ = listening
    browser = await console.signed_in(Role.SUPERVISOR)
    monkeypatch.setattr(telling, "PATIENCE", timedelta(0))

    answer = await browser.post(f"/items/{item}/hand-entries", data={"confirmation": "0009876", "key": "k1"})

    assert answer.status_code == 503
    assert "Baton is still reading the screen." in answer.text
    assert 'name="key" value="k1"' in answer.text


async def test_discarding_needs_a_reason(listening: tuple[Console, Client], item: str) -> None:
    """Without one nothing is sent; with one it is."""
    console, client = listening
    browser = await console.signed_in(Role.SUPERVISOR)

    bare = await browser.post(f"/items/{item}/discards", data={"reason": " ", "key": "k1"})
    full = await browser.post(f"/items/{item}/discards", data={"reason": "order was cancelled", "key": "k1"})

    assert [bare.status_code, full.status_code] == [422, 303]
    assert await heard(client, item) == ["discard order was cancelled"]


@pytest.mark.parametrize(
    ("noun", "field"), [("discards", "reason"), ("reroutes", "reason"), ("hand-entries", "confirmation")]
)
async def test_blanks_are_no_word(noun: str, field: str, item: str, supervisor: httpx.AsyncClient) -> None:
    """Nothing but blanks is told beside the field, before the item hears of it."""
    answer = await supervisor.post(f"/items/{item}/{noun}", data={field: "    ", "route": "person", "key": "k"})

    assert answer.status_code == 422
    assert f'id="error-{field}">This is needed' in answer.text


async def test_a_wrong_value_is_told_beside_its_field(item: str, supervisor: httpx.AsyncClient) -> None:
    """A reason code that the order desk does not know comes back with its sentence and what was typed."""
    form = {"reason_code": "99", "attempt": "x", "why": "trying", "key": "k1"}

    answer = await supervisor.post(f"/items/{item}/corrections", data=form)

    assert answer.status_code == 422
    assert re.search(r'value="99"[^>]*aria-invalid="true"', answer.text, re.DOTALL)
    assert "A whole number, please." in answer.text
    assert 'id="error-reason_code"' in answer.text


async def test_temporal_away_loses_nothing(item: str, supervisor: httpx.AsyncClient) -> None:
    """What may wait is kept and said to be; what may not comes back with the reason, its words and its key."""
    refused = await supervisor.post(f"/items/{item}/early-runs", data={"reason": "the van leaves now", "key": "k1"})
    kept = await supervisor.post(f"/items/{item}/discards", data={"reason": "order was cancelled", "key": "k2"})

    page = await supervisor.get(kept.headers["location"])
    assert (kept.status_code, refused.status_code) == (303, 503)
    assert "Kept: it is delivered when Temporal is back" in page.text
    assert all(said in refused.text for said in ("Temporal does not answer", "nobody chose", "the van leaves now"))
    assert 'name="key" value="k1"' in refused.text


async def test_an_item_that_is_gone_is_said(item: str, console: Console, temporal: Temporal) -> None:
    """When nothing runs under the item's id, the answer says that nothing was changed."""
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=pydantic_data_converter
    )
    parts = replace(console.parts, temporal=client)
    browser = await Console(create_app(parts), parts).signed_in(Role.SUPERVISOR)

    answer = await browser.post(f"/items/{item}/retries", data={"key": "k1"})

    assert answer.status_code == 409
    assert "Nothing was changed." in answer.text


async def test_the_key_of_the_record_cannot_be_corrected(item: str, supervisor: httpx.AsyncClient) -> None:
    """Another order would be another work item, so the form does not offer it."""
    html = (await supervisor.get(f"/items/{item}/corrections")).text

    assert 'name="reason_code"' in html
    assert 'name="order_no"' not in html


async def test_a_proposal_is_reviewed_by_a_supervisor_alone(cast: Cast, as_role: SignedIn) -> None:
    """Others may look; their review is refused."""
    supervisor, agent = await as_role(Role.SUPERVISOR), await as_role(Role.AGENT)
    page = (await supervisor.get(f"/cases/{cast.proposed}")).text
    found = re.search(r'action="(/proposals/[^"]+)"', page)
    assert found

    refused = await agent.post(found[1], data={"verdict": "accept"})
    away = await supervisor.post(found[1], data={"verdict": "accept"})

    assert [refused.status_code, away.status_code] == [403, 303]
    assert "/proposals/" not in (await agent.get(f"/cases/{cast.proposed}")).text


async def test_a_person_as_a_route_is_told_to_the_item(listening: tuple[Console, Client], item: str) -> None:
    """Take over, give back with what was shown and said, another way with its reason: each arrives as it was meant."""
    console, client = listening
    browser = await console.signed_in(Role.AGENT)
    forms: list[tuple[str, dict[str, str]]] = [
        ("holds", {"key": "k1"}),
        ("returns", {"key": "k2", "why": "keyed by me"}),
        ("returns", {"key": "k3", "truth": "screen", "seen": '{"reason": "14"}'}),
        ("reroutes", {"key": "k4", "route": "person", "reason": "the desk is slow"}),
        ("reroutes", {"key": "k5", "route": "person", "reason": ""}),
        ("returns", {"key": "k6", "truth": "screen", "seen": "[1"}),
        ("approvals", {"key": "k7", "values": "{}"}),
    ]

    answers = [(await browser.post(f"/items/{item}/{noun}", data=form)).status_code for noun, form in forms]

    assert answers == [303, 303, 303, 303, 422, 422, 403]
    assert await heard(client, item) == [
        "take over",
        "give back  {} keyed by me",
        "give back screen {'reason': '14'}",
        "reroute person because the desk is slow",
    ]


async def test_an_approval_carries_exactly_what_was_shown(listening: tuple[Console, Client], item: str) -> None:
    """The values that stood on the page go with the supervisor's word, character by character."""
    console, client = listening
    browser = await console.signed_in(Role.SUPERVISOR)

    answer = await browser.post(
        f"/items/{item}/approvals", data={"key": "k1", "values": '{"street": "Am Deich 1 \u00bd"}'}
    )

    assert answer.status_code == 303
    assert await heard(client, item) == ["approve {'street': 'Am Deich 1 ½'}"]
