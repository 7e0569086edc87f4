"""What a route is built from: everything that differs between machines and environments, handed in by the registry."""

from collections.abc import Callable
from dataclasses import dataclass

from bots.kit.browser import Launcher
from bots.kit.contract import Route


@dataclass(frozen=True)
class Means:
    """One system's surroundings in one environment.

    `launcher` gives the process's one starter of browsers; a route without a browser never asks for it, and only then
    may a machine have none. `secret` gives the value of a named credential, None when there is none.
    """

    url: str
    launcher: Callable[[], Launcher]
    secret: Callable[[str], str | None]
    page_seconds: float = 30.0
    environment: str = "production"


Maker = Callable[[Means], Route]
"""Builds one route of one system; a bot's folder has one for each way to its system."""
