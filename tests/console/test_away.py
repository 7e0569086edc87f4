"""Every page while Temporal is stopped, and every page and form while the database is locked for writing."""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import psycopg
import pytest
from fastapi.routing import APIRoute
from sqlmodel import select

from console.access import Needs
from console.app import ROUTERS, create_app
from records import database as database_module
from records.access import may
from records.database import Database
from records.failure import FailureGroup
from records.handoff import Handoff
from records.people import Role
from records.told import Told
from records.work_item import WorkItem
from tests.console.conftest import Console
from tests.console.test_desk import mine
from tests.console.test_guards import guards, methods
from tests.support.cast_of_cases import Cast

TYPED = "typed before it was locked"
NO_FORMS = ("/sign-in", "/sign-out", "/cases/{number}/presences")
"""A password is never shown again; the others have nothing typed."""
ENDLESS = "/live/"
"""Streams: they have no end to wait for."""
FORM = {
    **dict.fromkeys(("reason", "why", "note", "text", "said", "question", "answer", "back_reason", "aside_why"), TYPED),
    "note_kind": "note",
    "to_kind": "depot",
    "to_address": "nord@depot.example",
    "ask_when": "4h",
    "kind": "close",
    "aside_when": "1h",
    "pass_to": "queue:dispatch",
    "pass_reason": TYPED,
    "key": "kept-key",
    "what": TYPED,
    "title": TYPED,
    "confirmation": "C-1",
    "verdict": "accept",
    "how": "by phone",
}


class Round:
    """One walk over the console's routes, by somebody who may, with names of things that are there."""

    def __init__(self, console: Console, names: dict[str, str]) -> None:
        self._console = console
        self._names = names
        self._browsers: dict[Role, httpx.AsyncClient] = {}

    async def sign_in(self) -> None:
        """Everybody is there before the trouble begins."""
        self._browsers = {role: await self._console.signed_in(role) for role in Role}

    async def ask(self, method: str) -> dict[str, httpx.Response]:
        """The answers of all routes of this method."""
        found = {}
        for path, role in _walk(method):
            address = re.sub(r"\{(\w+)\}", lambda part: self._names.get(part[1], str(uuid.UUID(int=0))), path)
            found[path] = await self._browsers[role].request(method, address, data=FORM if method == "POST" else None)
        return found

    async def close(self) -> None:
        """Everybody goes home."""
        for browser in self._browsers.values():
            await browser.aclose()


def _walk(method: str) -> Iterator[tuple[str, Role]]:
    for route in (one for router in ROUTERS for one in router.routes):
        if not isinstance(route, APIRoute) or method not in methods(route) or ENDLESS in route.path:
            continue
        needs = [one.action for one in guards(route.dependant) if isinstance(one, Needs)]
        yield route.path, next(role for role in (Role.AGENT, *Role) if all(may(role, one) for one in needs))


@pytest.fixture
async def names(console: Console, cast: Cast) -> dict[str, str]:
    """What the parameters of addresses stand for, as far as the cast has it."""
    number = await mine(console)
    async with console.database.session() as session:
        kinds = {"item_id": WorkItem.id, "handoff_id": Handoff.id, "group_id": FailureGroup.id, "told_id": Told.id}
        found = {name: (await session.exec(select(of).limit(1))).first() for name, of in kinds.items()}
    return {"number": number, "system": "orderdesk", **{name: str(one) for name, one in found.items() if one}}


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody holds every table: it can be read and not be written."""
    with psycopg.connect(url) as holder:
        tables = holder.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        holder.execute(f"LOCK TABLE {', '.join(name for (name,) in tables)} IN EXCLUSIVE MODE".encode())
        yield


@pytest.fixture
async def round_(console: Console, names: dict[str, str]) -> AsyncIterator[Round]:
    """A walk with Temporal away, as it is in these tests."""
    made = Round(console, names)
    await made.sign_in()
    yield made
    await made.close()


@pytest.mark.failure_mode("F31")
async def test_every_page_goes_on_without_temporal(round_: Round) -> None:
    """F31: with Temporal stopped no page fails; what needs it says so."""
    answers = await round_.ask("GET")

    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code >= 500} == {}
    assert sum(1 for answer in answers.values() if answer.status_code == 200) > 40


@pytest.mark.failure_mode("F48")
async def test_every_page_is_read_while_the_database_is_locked(round_: Round, console: Console) -> None:
    """F48: what only reads goes on; that somebody looks, or is still signed in, is then not written."""
    with locked(console.database.url):
        answers = await round_.ask("GET")

    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code >= 500} == {}


@pytest.mark.failure_mode("F48")
async def test_every_form_comes_back_while_the_database_is_locked(
    console: Console, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F48: the wait is bounded, then 503 with Retry-After, and a form comes back with everything typed."""
    monkeypatch.setattr(database_module, "STATEMENT_TIMEOUT_MS", 200)
    database = Database(console.database.url)
    parts = replace(console.parts, database=database)
    walk = Round(Console(create_app(parts), parts), names)
    await walk.sign_in()

    with locked(console.database.url):
        answers = await walk.ask("POST")

    await walk.close()
    await database.close()
    away = {path: answer for path, answer in answers.items() if answer.status_code >= 500}
    assert {path: answer.status_code for path, answer in away.items() if answer.status_code != 503} == {}
    assert [path for path, answer in away.items() if "retry-after" not in answer.headers] == []
    forms = {path: one for path, one in away.items() if not path.startswith("/api/") and path not in NO_FORMS}
    assert [path for path, one in forms.items() if TYPED not in one.text] == []
    assert len(away) > 30
