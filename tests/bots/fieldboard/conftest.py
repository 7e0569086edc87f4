"""The dispatch board and the way to it, for the bot's tests."""

import pytest

from bots.kit.contract import Route, RouteKey
from tests.bots.desks import Demo


@pytest.fixture
def board(demos: dict[str, Demo]) -> Demo:
    """The dispatch board."""
    return demos["fieldboard"]


@pytest.fixture
def route(all_routes: dict[RouteKey, Route]) -> Route:
    """The board by its screens."""
    return all_routes[RouteKey("fieldboard", "bot")]
