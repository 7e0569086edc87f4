"""Starts the demo systems as the real processes they are, each on a free port with a data folder of its own."""

import asyncio
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@dataclass
class System:
    """One running demo system, and a client that talks to it as a browser would."""

    process: Process
    hello: str
    url: str
    data: Path
    http: httpx.AsyncClient
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    async def user(self, account: str) -> httpx.AsyncClient:
        """Signs an account in at the order desk: a client with its cookie."""
        client = httpx.AsyncClient(base_url=self.url, follow_redirects=True, timeout=PATIENCE)
        self.browsers.append(client)
        password = account.replace("bot", "demo-bot-") if account.startswith("bot") else f"demo-{account}"
        answer = await client.post("/signin", data={"user": account, "password": password})
        assert 'name="main"' in answer.text
        return client

    async def close_browsers(self) -> None:
        """Closes the clients of everybody who signed in."""
        while self.browsers:
            await self.browsers.pop().aclose()

    async def faults(self, **switches: object) -> dict[str, object]:
        """Switches faults and gives the new state."""
        answer = await self.http.post("/faults", json=switches)
        answer.raise_for_status()
        state: dict[str, object] = answer.json()
        return state

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process with that signal and gives its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        await self.close_browsers()
        await self.http.aclose()
        status = await asyncio.wait_for(self.process.wait(), PATIENCE)
        # The transport of a process that ended is closed by hand, or its pipe outlives the loop.
        self.process._transport.close()  # type: ignore[attr-defined]
        return status


Start = Callable[..., Awaitable[System]]


@pytest.fixture(scope="session")
async def session_start(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Start]:
    """Starts systems that live as long as the session."""
    async with _starter(tmp_path_factory.mktemp("demo")) as start:
        yield start


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts systems that live as long as one test."""
    async with _starter(tmp_path) as start:
        yield start


@pytest.fixture
async def orderdesk(shared_orderdesk: System) -> AsyncIterator[System]:
    """The order desk that tests share; faults, sessions and locks are gone after each."""
    yield shared_orderdesk
    await shared_orderdesk.faults(reset=True, expire_sessions=True)
    await shared_orderdesk.close_browsers()


@pytest.fixture
async def servicedesk(shared_servicedesk: System) -> AsyncIterator[System]:
    """The service desk that tests share; faults are gone after each."""
    yield shared_servicedesk
    await shared_servicedesk.faults(reset=True)


@pytest.fixture
async def mail(shared_mail: System) -> AsyncIterator[System]:
    """The mail sink that tests share; faults are gone after each."""
    yield shared_mail
    await shared_mail.faults(reset=True)


@pytest.fixture(scope="session")
async def shared_orderdesk(session_start: Start) -> System:
    """One process for the whole run."""
    return await session_start("orderdesk")


@pytest.fixture(scope="session")
async def shared_servicedesk(session_start: Start) -> System:
    """One process for the whole run."""
    return await session_start("servicedesk")


@pytest.fixture(scope="session")
async def shared_mail(session_start: Start) -> System:
    """One process for the whole run."""
    return await session_start("mail")


@pytest.fixture
def user(orderdesk: System) -> Callable[[str], Awaitable[httpx.AsyncClient]]:
    """Signs an account in at the shared order desk: a client with its cookie."""
    return orderdesk.user


@pytest.fixture
def browser_path() -> str:
    """The headless shell or Chromium of this machine."""
    for name in ("chromium-headless-shell", "chromium", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine")


@asynccontextmanager
async def _starter(folder: Path) -> AsyncIterator[Start]:
    running: list[System] = []

    async def start(system: str, *more: str, data: Path | None = None) -> System:
        kept = data or folder / system
        ports = ("--smtp-port", "0", "--http-port", "0") if system == "mail" else ("--port", "0")
        command = ("-m", f"demo.{system}", *ports, "--data", str(kept), *more)
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=PIPE)
        assert process.stdout is not None
        hello = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        found = re.search(r"http://\S+", hello)
        assert found, f"{system} did not start"
        client = httpx.AsyncClient(base_url=found.group(0), timeout=PATIENCE)
        running.append(System(process, hello, found.group(0), kept, client))
        return running[-1]

    yield start
    for system in running:
        await system.stop()
