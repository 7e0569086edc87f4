"""When something cannot be done: one shape for programs, a page with what was kept and what to do for people."""

from dataclasses import replace

import httpx
from fastapi import FastAPI

from baton.seen import checks
from baton.seen.health import Health
from console.app import create_app
from console.problems import ErrorAnswer
from records.database import Database
from tests.console.conftest import Console

JSON = {"Accept": "application/json"}


def shaped(answer: httpx.Response) -> str:
    """The code of an answer that has exactly the one shape."""
    body = answer.json()
    found = ErrorAnswer.model_validate(body)
    assert found.model_dump(mode="json") == body
    return found.error.code


async def test_programs_get_one_shape(ops: httpx.AsyncClient) -> None:
    """Whatever is wrong, the body is {"error": {"code", "message", "fields"}}."""
    wanted = {
        "/api/nothing": (404, "not_found"),
        "/api/cases/FD-999999": (404, "not_found"),
        "/api/cases?stage=nowhere": (422, "invalid"),
        "/api/cases?sort=sideways": (422, "invalid"),
    }

    answers = {path: await ops.get(path) for path in wanted}

    assert {path: (answer.status_code, shaped(answer)) for path, answer in answers.items()} == wanted


async def test_a_wrong_value_names_its_field(ops: httpx.AsyncClient) -> None:
    """A 422 says which field and what about it."""
    fields = (await ops.get("/api/cases?stage=nowhere")).json()["error"]["fields"]

    assert [found["field"] for found in fields] == ["stage"]
    assert "received" in fields[0]["message"]


async def test_the_unforeseen_has_a_mark_and_no_secret(console: Console) -> None:
    """A fault of ours answers 500 in the same shape, with a mark for IT and nothing of the exception."""
    app: FastAPI = console.app

    @app.get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the customer's name is Holm")

    answer = await console.client().get("/api/broken")

    assert (answer.status_code, shaped(answer)) == (500, "unforeseen")
    assert "mark" in answer.text
    assert "Holm" not in answer.text
    assert "default-src" in answer.headers["content-security-policy"]


async def test_the_database_away_is_said_plainly(away: httpx.AsyncClient) -> None:
    """503 with Retry-After for programs; people read what was kept and what to do."""
    await away.get("/healthz")
    sign_in = {"email": "ops@example.org", "password": "whatever else"}
    program = await away.post("/sign-in", data=sign_in, headers=JSON)
    person = await away.post("/sign-in", data=sign_in)

    assert (program.status_code, shaped(program)) == (503, "database_away")
    assert program.headers["retry-after"] == "5"
    assert person.status_code == 503
    assert "does not answer" in person.text
    assert "What to do" in person.text


async def test_a_console_without_database_still_lives(away: httpx.AsyncClient) -> None:
    """Whoever watches processes sees that this one is well."""
    answer = await away.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok")


async def test_people_get_a_page(ops: httpx.AsyncClient) -> None:
    """A case that is not there is told with words, navigation and a way on."""
    answer = await ops.get("/cases/FD-999999")

    assert answer.status_code == 404
    assert "Case FD-999999 is not here." in answer.text
    assert 'href="/cases"' in answer.text


async def test_an_address_that_cannot_be_is_not_found_and_offers_a_search(ops: httpx.AsyncClient) -> None:
    """An id that is none is a thing that is not there, told without the words of the machine, with a search box."""
    page, program = await ops.get("/items/xyz"), await ops.get("/items/xyz", headers=JSON)

    assert (page.status_code, program.status_code, shaped(program)) == (404, 404, "not_found")
    assert "UUID" not in page.text
    assert 'role="search"' in page.text


async def test_ready_means_that_the_records_answer(console: Console) -> None:
    """/readyz is green with a database behind it, and 503 with the reason without one; numbers are there both times."""
    nowhere = Database("postgresql://baton@127.0.0.1:1/nothing")
    answers = []
    for database in (console.database, nowhere):
        health = Health("console", {"records": checks.records(database)})
        health.begun()
        client = Console(create_app(replace(console.parts, seen=health)), console.parts).client()
        answers.append((await client.get("/readyz"), await client.get("/metrics")))

    await nowhere.close()
    assert [(ready.status_code, numbers.status_code) for ready, numbers in answers] == [(200, 200), (503, 200)]
    assert answers[0][0].json()["needs"] == {"records": "ok", "work": "ok"}
    assert answers[1][0].json()["needs"]["records"].startswith("PostgreSQL does not answer")
