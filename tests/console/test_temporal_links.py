"""The door to the Temporal UI: it leads to the workflow in its namespace, or says that its history is over."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from console.app import create_app
from records.people import Role
from tests.console.conftest import Console, SignedIn
from tests.support.servers import Temporal


@pytest.fixture
async def it(console: Console, temporal: Temporal) -> AsyncIterator[httpx.AsyncClient]:
    """IT at a console on a namespace of its own."""
    parts = replace(console.parts, temporal=temporal.client)
    browser = await Console(create_app(parts), parts).signed_in(Role.IT)
    yield browser
    await browser.aclose()


async def test_a_workflow_that_is_kept_is_led_to(it: httpx.AsyncClient, temporal: Temporal) -> None:
    """In the namespace that the console works in, and to the one run where one is named."""
    name = f"failed-delivery/FD-{uuid.uuid4()}"
    started = await temporal.client.start_workflow("Waits", id=name, task_queue="nobody")
    at = f"http://temporal.test/namespaces/{temporal.namespace}/workflows/{name.replace('/', '%2F')}"

    plain = await it.get(f"/temporal/{name}")
    of_run = await it.get(f"/temporal/{name}", params={"run": started.first_execution_run_id})

    assert (plain.status_code, plain.headers["location"]) == (303, at)
    assert of_run.headers["location"] == f"{at}/{started.first_execution_run_id}"


async def test_a_history_that_is_over_is_said(it: httpx.AsyncClient) -> None:
    """Kept no longer, or never begun: nobody lands on an empty page of the UI."""
    answer = await it.get("/temporal/failed-delivery/FD-000001")

    assert answer.status_code == 410
    assert "no history of this any more" in answer.text
    assert "which is the record" in answer.text


async def test_temporal_that_is_away_is_led_to_all_the_same(as_role: SignedIn) -> None:
    """Its UI says so itself; and who may not open it does not pass the door."""
    it, agent = await as_role(Role.IT), await as_role(Role.AGENT)

    led, refused = [await one.get("/temporal/failed-delivery/FD-000001") for one in (it, agent)]

    assert (led.status_code, refused.status_code) == (303, 403)


async def test_an_address_cannot_lead_elsewhere(it: httpx.AsyncClient, temporal: Temporal) -> None:
    """Whatever the workflow is called, its name stays one piece of the UI's own address."""
    name = "x/../../@evil.example/?a=b#c"
    await temporal.client.start_workflow("Waits", id=name, task_queue="nobody")

    answer = await it.get("/temporal/x%2F..%2F..%2F@evil.example%2F%3Fa%3Db%23c")

    place = f"http://temporal.test/namespaces/{temporal.namespace}/workflows/"
    assert answer.headers["location"].startswith(place)
    assert "/" not in answer.headers["location"].removeprefix(place)
