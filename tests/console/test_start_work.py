"""Start work by form and by program: one case however often it is sent, a receipt that stands, nothing typed lost."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func
from sqlmodel import select

from console.app import create_app
from console.middleware import CSRF_COOKIE, CSRF_HEADER
from records.case import Case
from records.database import Database
from records.outbox import OutboxRow
from records.submission import Submission
from tests.console.conftest import ADDRESS, Console, _prove
from tests.support.cast_of_cases import Cast
from tests.support.patience import PATIENCE
from tests.support.served import served

REPORT = {
    "order_no": "4700123",
    "parcel_no": "P-88112388",
    "attempt": "1",
    "failed_on": "2026-11-19",
    "reason_text": "nobody home",
    "driver_note": "rang three times",
    "reported_by": "driver 214",
    "contact_preference": "mail",
}


async def count(database: Database, table: Any) -> int:
    async with database.session() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def page_of(client: httpx.AsyncClient, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return (await client.get(answer.headers["location"])).text


async def test_a_report_gets_a_receipt_while_temporal_is_away(ops: httpx.AsyncClient, console: Console) -> None:
    """The receipt names the case and says that the work is kept and starts by itself."""
    answer = await ops.post("/failed-deliveries", data=REPORT)

    receipt = await page_of(ops, answer)
    assert "The case is FD-000001." in receipt
    assert "it waits for Temporal, is safely kept meanwhile, and starts by itself" in receipt
    assert await count(console.database, OutboxRow) == 1


async def test_the_form_is_made_from_the_model(ops: httpx.AsyncClient) -> None:
    """Each field of the report is on the form with its title, hint and example, and today is filled in."""
    form = (await ops.get("/intake")).text

    assert 'placeholder="e.g. 4700123"' in form
    assert "Seven digits, as on the delivery note." in form
    assert 'value="2026-11-20"' in form


async def test_what_is_wrong_stands_beside_the_fields(ops: httpx.AsyncClient, console: Console) -> None:
    """A bad form comes back with 422, a sentence at each bad field, and everything that was typed."""
    bad = {**REPORT, "order_no": "47", "failed_on": "", "driver_note": "second floor, bell <out>"}

    answer = await ops.post("/failed-deliveries", data={**bad, "key": "k1"})

    assert answer.status_code == 422
    assert 'id="error-order_no">Seven digits, as on the delivery note. For example 4700123.' in answer.text
    assert 'id="error-failed_on">This is needed.' in answer.text
    assert "second floor, bell &lt;out&gt;" in answer.text
    assert 'name="key" value="k1"' in answer.text
    assert await count(console.database, Case) == 0


async def test_a_double_click_is_one_submission(ops: httpx.AsyncClient, console: Console) -> None:
    """One rendered form sent several times at once leads to one receipt, one submission and one case."""
    answers = await asyncio.gather(*(ops.post("/failed-deliveries", data={**REPORT, "key": "once"}) for _ in range(5)))

    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count(console.database, Submission) == 1
    assert await count(console.database, Case) == 1


async def test_a_form_that_is_changed_and_sent_again_is_not_dropped(ops: httpx.AsyncClient, console: Console) -> None:
    """Going back, changing the parcel and sending the same form again opens a second case."""
    first = await ops.post("/failed-deliveries", data={**REPORT, "key": "same"})
    second = await ops.post("/failed-deliveries", data={**REPORT, "key": "same", "parcel_no": "P-88112389"})

    assert first.headers["location"] != second.headers["location"]
    assert await count(console.database, Case) == 2


async def test_the_same_report_again_leads_to_its_case(ops: httpx.AsyncClient, console: Console) -> None:
    """A second, identical report says that there is one case already and links it."""
    await ops.post("/failed-deliveries", data={**REPORT, "key": "a"})

    receipt = await page_of(ops, await ops.post("/failed-deliveries", data={**REPORT, "key": "b"}))

    assert "This was reported already, with the same content." in receipt
    assert 'href="/cases/FD-000001"' in receipt
    assert await count(console.database, Case) == 1


async def test_other_content_under_the_same_key_is_a_proposed_change(ops: httpx.AsyncClient) -> None:
    """Other content for the same order, parcel and attempt is kept, and the receipt says who looks at it."""
    await ops.post("/failed-deliveries", data=REPORT)

    receipt = await page_of(ops, await ops.post("/failed-deliveries", data={**REPORT, "reason_text": "gate locked"}))

    assert "kept as a proposed change; a supervisor will look at it" in receipt


@pytest.mark.failure_mode("F37")
async def test_fifty_identical_submissions_at_once_are_one_case(ops: httpx.AsyncClient, console: Console) -> None:
    """Fifty sendings of one report at the same moment, over HTTP to two consoles: one case, one row for the relay."""
    async with served(console.app) as one, served(create_app(console.parts)) as two:
        limits = httpx.Limits(max_connections=50)
        kept = "; ".join(f"{name}={value}" for name, value in ops.cookies.items())
        proof = {"Cookie": kept, CSRF_HEADER: ops.cookies[CSRF_COOKIE]}
        async with httpx.AsyncClient(headers=proof, limits=limits, timeout=PATIENCE) as client:
            sent = [
                client.post(f"{(one, two)[n % 2]}/failed-deliveries", data={**REPORT, "key": f"form {n // 2}"})
                for n in range(50)
            ]

            answers = await asyncio.gather(*sent)

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 25
    assert await count(console.database, Case) == 1
    assert await count(console.database, OutboxRow) == 1
    assert await count(console.database, Submission) == 25


@pytest.fixture
async def deaf(console: Console) -> FastAPI:
    """The same console after its database went away."""
    return create_app(replace(console.parts, database=Database("postgresql://nobody@127.0.0.1:9/none")))


async def test_a_form_survives_a_database_that_is_away(ops: httpx.AsyncClient, deaf: FastAPI, console: Console) -> None:
    """Without its database the console answers 503 with everything typed, and sending that page again hands it in."""
    cookies = ops.cookies
    transport = httpx.ASGITransport(deaf, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=cookies) as client:
        client.event_hooks = {"request": [_prove]}

        answer = await client.post("/failed-deliveries", data={**REPORT, "key": "k"})

    assert answer.status_code == 503
    assert "What you typed is on this page." in answer.text
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert {name: kept[name] for name in REPORT} == REPORT
    assert (await ops.post("/failed-deliveries", data=kept)).status_code == 303
    assert await count(console.database, Case) == 1


async def test_a_form_survives_the_end_of_a_session(console: Console) -> None:
    """Whoever was signed out while typing gets the form back with what they typed, and a way to sign in beside it."""
    client = console.client()
    await client.get("/sign-in")

    answer = await client.post("/failed-deliveries", data=REPORT)

    assert answer.status_code == 401
    assert "rang three times" in answer.text
    assert 'href="/sign-in" target="_blank"' in answer.text


async def test_a_case_comes_back_to_its_submitter_first(ops: httpx.AsyncClient, cast: Cast) -> None:
    """An order number that is not known stands at the top of Start work, with the way to correct it."""
    start = (await ops.get("/intake")).text

    assert "Needs your correction (1)" in start
    assert f'href="/cases/{cast.correction}/correction"' in start


async def test_a_correction_must_change_something(ops: httpx.AsyncClient, cast: Cast) -> None:
    """Sending the same numbers again is no correction; bad numbers come back with what was typed."""
    same = await ops.post(
        f"/cases/{cast.correction}/correction", data={"order_no": "4799999", "parcel_no": "P-88112399"}
    )
    bad = await ops.post(f"/cases/{cast.correction}/correction", data={"order_no": "47x", "parcel_no": "P-88112399"})

    assert same.status_code == 422
    assert "change it, or say that it is right" in same.text
    assert bad.status_code == 422
    assert 'value="47x"' in bad.text


async def test_a_correction_waits_for_temporal(ops: httpx.AsyncClient, cast: Cast) -> None:
    """While Temporal is away a correction is kept, and the case says that it waits."""
    numbers = {"order_no": "4700123", "parcel_no": "P-88112388", "key": "kept-key"}

    answer = await ops.post(f"/cases/{cast.correction}/correction", data=numbers)

    page = await ops.get(f"/cases/{cast.correction}")
    assert answer.status_code == 303
    assert "Corrected order number" in page.text
    assert "delivered when Temporal is back" in page.text
