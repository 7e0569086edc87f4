"""What the bots' tests stand on: the demo systems, the routes to them, and a clean state for every test."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bots.kit.contract import Route, RouteKey
from bots.registry import routes
from core.settings import Settings
from tests.bots.desks import Demo

ACCOUNTS = range(1, 9)


@pytest.fixture(scope="session", autouse=True)
def secrets() -> Iterator[None]:
    """The passwords that the demo systems know."""
    with pytest.MonkeyPatch.context() as patch:
        for number in ACCOUNTS:
            patch.setenv(f"BATON_SECRET_ORDERDESK_BOT{number:02}", f"demo-bot-{number:02}")
        for number in range(1, 5):
            patch.setenv(f"BATON_SECRET_SERVICEDESK_AGENT_BOT{number}", f"demo-agent-bot{number}")
            patch.setenv(f"BATON_SECRET_FIELDBOARD_DISP{number:02}", f"demo-disp-{number:02}")
        patch.setenv("BATON_SECRET_SERVICEDESK_API_KEY", "demo-servicedesk-key")
        yield


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory, secrets: None) -> Iterator[dict[str, Demo]]:
    """The demo systems, running."""
    folder = tmp_path_factory.mktemp("demo")
    with ExitStack() as running:
        yield {name: running.enter_context(Demo(name, folder)) for name in ("orderdesk", "servicedesk", "fieldboard")}


@pytest.fixture(autouse=True)
def healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault of one test reaches the next."""
    yield
    if "demos" in request.fixturenames:
        for demo in request.getfixturevalue("demos").values():
            demo.faults(reset=True)


@pytest.fixture
def desk(demos: dict[str, Demo]) -> Demo:
    """The order desk."""
    return demos["orderdesk"]


@pytest.fixture(scope="session")
async def all_routes(
    demos: dict[str, Demo], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[RouteKey, Route]]:
    """The routes as the bot worker builds them; their browsers stay warm from test to test."""
    found = build(demos, tmp_path_factory.mktemp("bots"))
    yield found
    for route in found.values():
        await route.close()


@pytest.fixture
async def fresh_routes(demos: dict[str, Demo], tmp_path: Path) -> AsyncIterator[dict[RouteKey, Route]]:
    """Routes of this test alone, whose browsers nobody has used before."""
    found = build(demos, tmp_path)
    yield found
    for route in found.values():
        await route.close()


@pytest.fixture
def quiet() -> Callable[[str], None]:
    """A listener of steps that forgets them."""
    return lambda _: None


def build(demos: dict[str, Demo], data_dir: Path) -> dict[RouteKey, Route]:
    """Routes to the running demo systems."""
    settings = Settings(
        data_dir=data_dir,
        orderdesk_url=demos["orderdesk"].url,
        servicedesk_url=demos["servicedesk"].url,
        fieldboard_url=demos["fieldboard"].url,
        page_seconds=60,
    )
    return routes(settings, data_dir)
