"""The console over a real database: clients signed in by role, and the cast of cases put on when a test asks for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from console.access import COOKIE
from console.app import create_app
from console.collaborators import Collaborators
from console.middleware import CSRF_COOKIE, CSRF_HEADER
from core.settings import Settings
from records import access
from records.database import Database
from records.people import Role
from tests.support.cast_of_cases import Cast, put_on
from tests.support.served import served

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NOBODY_LISTENS = "127.0.0.1:9"
ADDRESS = "http://console.test"


class Folder:
    """Evidence in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def get(self, path: str) -> bytes:
        """The bytes under `path`."""
        return (self.path / path).read_bytes()

    async def put(self, path: str, data: bytes) -> None:
        """Keep them."""
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_bytes(data)


@dataclass
class Console:
    """The app and everything it stands on."""

    app: FastAPI
    parts: Collaborators

    @property
    def database(self) -> Database:
        """The records."""
        return self.parts.database

    def client(self) -> httpx.AsyncClient:
        """A browser that nobody has signed in with yet; it sends the proof of its forms by itself."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ADDRESS, event_hooks={"request": [_prove]})

    async def signed_in(self, role: Role) -> httpx.AsyncClient:
        """A browser signed in as the demo user of this role."""
        client = self.client()
        await client.get("/sign-in")
        form = {"email": f"{role.value}@example.org", "password": access.DEMO_PASSWORD}
        answer = await client.post("/sign-in", data=form)
        assert answer.status_code == 303, answer.text
        assert COOKIE in client.cookies
        return client


async def _prove(request: httpx.Request) -> None:
    """What the page's hidden field does: show the token of the cookie; a test that wants none sets the header."""
    cookies = dict(pair.split("=", 1) for pair in request.headers.get("cookie", "").split("; ") if "=" in pair)
    if CSRF_COOKIE in cookies:
        request.headers.setdefault(CSRF_HEADER, cookies[CSRF_COOKIE])


@pytest.fixture
async def console(database_url: str, tmp_path: Path) -> AsyncIterator[Console]:
    """The console with demo users; Temporal is away, as it may be at any time."""
    settings = Settings(
        database_url=database_url,
        data_dir=tmp_path,
        demo=True,
        temporal_ui_url="http://temporal.test",
        console_url=ADDRESS,
    )
    database = Database(database_url)
    temporal = await Client.connect(NOBODY_LISTENS, lazy=True, data_converter=pydantic_data_converter)
    parts = Collaborators(database, temporal, settings, Folder(tmp_path / "evidence"), lambda: NOW)
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
    yield Console(create_app(parts), parts)
    await database.close()


@pytest.fixture
async def cast(console: Console, tmp_path: Path) -> Cast:
    """The cast of cases."""
    return await put_on(console.database, NOW, tmp_path / "evidence")


SignedIn = Callable[[Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def as_role(console: Console) -> AsyncIterator[SignedIn]:
    """Signs in as a role; closes the browsers afterwards."""
    opened: list[httpx.AsyncClient] = []

    async def sign_in(role: Role) -> httpx.AsyncClient:
        opened.append(await console.signed_in(role))
        return opened[-1]

    yield sign_in
    for client in opened:
        await client.aclose()


@pytest.fixture
async def ops(as_role: SignedIn) -> httpx.AsyncClient:
    """Somebody of the operations team."""
    return await as_role(Role.OPS)


@pytest.fixture
async def supervisor(as_role: SignedIn) -> httpx.AsyncClient:
    """The supervisor."""
    return await as_role(Role.SUPERVISOR)


@pytest.fixture
async def agent(as_role: SignedIn) -> httpx.AsyncClient:
    """A service agent."""
    return await as_role(Role.AGENT)


@pytest.fixture
async def away(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a console whose database does not answer."""
    database = Database("postgresql://nobody@127.0.0.1:9/none")
    app = create_app(replace(console.parts, database=database))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, event_hooks={"request": [_prove]}) as client:
        yield client
    await database.close()


@pytest.fixture
async def address(console: Console, cast: Cast) -> AsyncIterator[str]:
    """The console as a real server, with the cast of cases."""
    async with served(console.app) as found:
        yield found
        await console.app.state.bells.close()
