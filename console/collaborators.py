"""What the console works with; `baton/wiring.py` chooses the real ones, tests choose theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from temporalio.client import Client

from core.settings import Settings
from records.database import Database


class EvidenceStore(Protocol):
    """Where the bytes of screenshots and traces lie."""

    async def get(self, path: str) -> bytes:
        """The bytes under `path`; FileNotFoundError when they are gone."""
        ...


@dataclass(frozen=True)
class Collaborators:
    """Everything outside the console that its pages reach: records, Temporal, evidence, settings and the clock.

    `temporal` is connected lazily: the console starts, and takes work in, while Temporal is away.
    """

    database: Database
    temporal: Client
    settings: Settings
    evidence: EvidenceStore
    clock: Callable[[], datetime]
