"""What the console works with; `baton/wiring.py` chooses the real ones, tests choose theirs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from core.settings import Settings
from fallbacks.expiry import Expires
from records.database import Database
from systems.environment import Environments


class EvidenceStore(Protocol):
    """Where the bytes of screenshots and traces lie."""

    async def get(self, path: str) -> bytes:
        """The bytes under `path`; FileNotFoundError when they are gone."""
        ...

    async def put(self, path: str, data: bytes) -> None:
        """Keep `data`; obstore's AlreadyExistsError when the path is taken, other errors of it or OSError when away."""
        ...


class Seen(Protocol):
    """What the console can say of itself to those who watch it."""

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether it can do its work, and what is missing."""
        ...

    async def metrics(self) -> bytes:
        """Its numbers in Prometheus' text form."""
        ...


class Unseen:
    """For a console that nobody watches: always ready, no numbers."""

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Ready."""
        return True, {"part": "console", "ready": True}

    async def metrics(self) -> bytes:
        """None."""
        return b""


class Payloads(Protocol):
    """What makes Temporal's payloads unreadable, and readable again."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload, encrypted."""
        ...

    def opened(self, payload: Payload) -> tuple[Payload, str] | None:
        """The payload in clear and the id of its workflow, empty when it names none; None when it does not open."""
        ...


async def _nothing() -> Sequence[Expires]:
    return ()


@dataclass(frozen=True)
class Collaborators:
    """Everything outside the console that its pages reach: records, Temporal, evidence, settings and the clock.

    `temporal` is connected lazily: the console starts, and takes work in, while Temporal is away. `places` is where the
    systems stand and who works there (raises BadEnvironmentsError); `credentials` what is known of credentials without
    their values (raises a Fault while their place is away). `secrets_of_bots`: the bots' process may have credentials
    that `credentials` cannot tell of, as those of its own environment. `payloads`: without it nothing is decoded for
    the Temporal UI.
    """

    database: Database
    temporal: Client
    settings: Settings
    evidence: EvidenceStore
    clock: Callable[[], datetime]
    places: Callable[[], Environments] = Environments
    credentials: Callable[[], Awaitable[Sequence[Expires]]] = _nothing
    secrets_of_bots: bool = False
    seen: Seen = field(default_factory=Unseen)
    payloads: Payloads | None = None
