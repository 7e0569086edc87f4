"""What a route is built from: everything that differs between machines and environments, handed in by the registry."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bots.kit.browser import Launcher
from bots.kit.contract import Route
from bots.kit.secrets.seam import Secret
from bots.kit.surroundings import Surroundings

Credential = Callable[[str], Awaitable[Secret]]
"""Fetches an account's credential, anew at each sign-in: call it there and keep nothing of it."""


@dataclass(frozen=True)
class Means:
    """One system's surroundings in one environment.

    `launcher` gives the process's one starter of browsers; a route without a browser never asks for it, and only then
    may a machine have none. `credential` fetches the credential of an account here, under the name that it has in this
    environment.
    """

    url: str
    launcher: Callable[[], Launcher]
    credential: Credential
    page_seconds: float = 30.0
    surroundings: Surroundings = field(default_factory=Surroundings)


Maker = Callable[[Means], Route]
"""Builds one route of one system; a bot's folder has one for each way to its system."""
