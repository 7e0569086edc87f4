"""Work handed in by programs: receipts, one error shape, limits, and nothing started twice."""

import uuid
from typing import Any

import httpx
import pytest

from records import access
from records.access import NewUser
from records.case import Case
from records.people import Role
from records.submission import Submission
from tests.console.conftest import ADDRESS, NOW, Console, SignedIn
from tests.console.test_start_work import REPORT, count


@pytest.fixture
async def program(console: Console) -> Any:
    """A program with a token of somebody of the operations team."""
    return await with_token(console, Role.OPS)


async def with_token(console: Console, role: Role) -> httpx.AsyncClient:
    email = f"robot-{role.value}@example.org"
    async with console.database.session() as session:
        await access.create_user(
            session, NewUser(email=email, name="Robot", role=role, password="a-long-password"), NOW
        )
        token = await access.create_token(session, email, "test", access.LONGEST, NOW)
    transport = httpx.ASGITransport(console.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers={"Authorization": f"Bearer {token}"})


async def test_a_program_gets_a_receipt(program: httpx.AsyncClient) -> None:
    """A report by API is answered 202 with its receipt, which can be asked for again."""
    answer = await program.post("/api/failed-deliveries", json={**REPORT, "attempt": 1})

    receipt = answer.json()
    assert answer.status_code == 202
    assert (receipt["case_number"], receipt["verdict"], receipt["under_way"]) == ("FD-000001", "started", False)
    assert (await program.get(f"/api/receipts/{receipt['submission_id']}")).json() == receipt


async def test_a_program_that_repeats_itself_starts_nothing_twice(program: httpx.AsyncClient, console: Console) -> None:
    """The same report twice is one case; other content for it is told as proposed."""
    first = await program.post("/api/failed-deliveries", json=REPORT)
    again = await program.post("/api/failed-deliveries", json=REPORT)
    other = await program.post("/api/failed-deliveries", json={**REPORT, "reason_text": "refused"})

    answers = [(told.json()["verdict"], told.json()["case_number"]) for told in (first, again, other)]
    assert answers == [("started", "FD-000001"), ("same", "FD-000001"), ("proposed", "FD-000001")]
    assert await count(console.database, Case) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_no": "47"}, "order_no"),
        ({"failed_on": "31.11.2026"}, "failed_on"),
        ({"attempt": 0}, "attempt"),
        ({"contact_preference": "pigeon"}, "contact_preference"),
        ({"reason_text": "with \x00 in it"}, "reason_text"),
        ({"reason_text": ""}, "reason_text"),
        ({"surprise": "x"}, "surprise"),
    ],
)
async def test_bad_input_of_a_program_is_told_by_field(
    program: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    """What is wrong is answered 422 in the one error shape, with a sentence for the field."""
    answer = await program.post("/api/failed-deliveries", json={**REPORT, **change})

    error = answer.json()["error"]
    assert answer.status_code == 422
    assert error["code"] == "invalid"
    assert [(one["field"], bool(one["message"])) for one in error["fields"]] == [(field, True)]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"order_no": "\\ud800"}', b"\xff\xfe", b"null"])
async def test_a_body_that_is_no_report_is_refused(program: httpx.AsyncClient, body: bytes) -> None:
    """Broken JSON, another shape and half characters are answered 422 in the one error shape."""
    answer = await program.post("/api/failed-deliveries", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"]


async def test_a_payload_over_the_limit_is_refused(program: httpx.AsyncClient, console: Console) -> None:
    """More than 64 KB are answered 413, and nothing of them is kept."""
    answer = await program.post("/api/failed-deliveries", json={**REPORT, "driver_note": "x" * 70_000})

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    assert await count(console.database, Submission) == 0


async def test_a_receipt_that_is_not_there_is_not_found(program: httpx.AsyncClient) -> None:
    """An unknown receipt is answered 404 in the one error shape."""
    answer = await program.get(f"/api/receipts/{uuid.UUID(int=7)}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_an_agent_may_not_start_work(agent: httpx.AsyncClient, as_role: SignedIn) -> None:
    """Who may not start work gets 403 from page, form and API, and IT likewise."""
    people = [agent, await as_role(Role.IT)]

    statuses = {(await one.get("/intake")).status_code for one in people}
    statuses |= {(await one.post("/failed-deliveries", data=REPORT)).status_code for one in people}
    statuses |= {(await one.post("/api/failed-deliveries", json=REPORT)).status_code for one in people}

    assert statuses == {403}


async def test_the_api_is_described(program: httpx.AsyncClient) -> None:
    """The description names every address below /api with its answers."""
    described = (await program.get("/api/openapi.json")).json()

    assert {"/api/failed-deliveries", "/api/receipts/{submission_id}", "/api/handoffs"} <= set(described["paths"])
    assert all(path.startswith("/api/") for path in described["paths"])
    assert "413" in described["paths"]["/api/failed-deliveries"]["post"]["responses"]
