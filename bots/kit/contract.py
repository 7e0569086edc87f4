"""The bot's side of the contract: what a route to a system must be able to do, and nothing about when it is done.

`activities/perform.py` drives it: find, enter, guard, submit, read back, in that order and once. A bot raises faults of
`core.faults`; whether a trouble means *broken* or *unknown* follows from the point it happened at, so a bot's author
cannot get that wrong.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from core.outcome import Sighting
from failure.difference import Layout
from systems.base import PRODUCTION, Entry, Operation
from systems.part import DataClass, Part


@dataclass(frozen=True)
class RouteKey:
    """Which way to which system: `route` is "bot" (screens) or "api", `environment` one that the system declares."""

    system: str
    route: str
    environment: str = PRODUCTION


class Captured(BaseModel):
    """One thing a run leaves behind.

    `kind` is screenshot, snapshot, trace or exchange (an API's request and answer); `taken` is before_submit,
    after_submit, looked or trouble; `name` is a file name with its ending. `masked` counts what was covered as it was
    taken, `sealed` is what stood there (JSON, kept apart and for a shorter time), `data_class` what `data` itself is.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    taken: str
    name: str
    data: bytes
    data_class: DataClass = DataClass.PERSONAL
    masked: int = 0
    sealed: bytes | None = None


class Job(BaseModel):
    """One commit on a system: the entry, which part of it, and the reference that this part carries on the screen.

    A bot keys `part.image` and looks for `reference`; for an operation of one commit the part is all of it.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    operation: Operation
    entry: Entry
    reference: str
    part: Part

    @classmethod
    def of(cls, operation: Operation, entry: Entry, reference: str, done: int = 0) -> "Job":
        """The commit that follows the first `done` ones of an item with that `reference`.

        Where there are several, each carries a reference of its own (BTN-ABCDEFGHJKP2 for the second), so that each
        can be found by itself.
        """
        parts = operation.parts_of(entry)
        mark = reference if len(parts) == 1 else f"{reference}P{done + 1}"
        return cls(operation=operation, entry=entry, reference=mark, part=parts[done])


class Hands(Protocol):
    """One open job on a system: a page in a context of its own, or an API client.

    `browser_pid` and `browser_started` (seconds, as `bots.kit.processes.started_at` tells them) identify the browser
    process, so that anybody can later prove it dead; None for a route without a browser.
    """

    browser_pid: int | None
    browser_started: float | None

    async def find(self, job: Job) -> Sighting:
        """Look for the record that the entry is about: read-only, may be repeated."""
        ...

    async def enter(self, job: Job) -> None:
        """Fill the form and stop before the click. Raises ScreenUnexpected before typing when the screen differs."""
        ...

    async def filled(self, job: Job) -> dict[str, str]:
        """The form as it stands now, field name to text: what a person approves before the click."""
        ...

    async def submit(self, job: Job) -> str:
        """Click once and wait for the answer; the system's confirmation number.

        Raises a `Refused` only when the system itself says that it did not enter; anything else that is raised
        counts as *unknown*.
        """
        ...

    async def read_back(self, job: Job) -> Sighting:
        """Open the record anew and read it, to be compared field by field with what was entered."""
        ...

    async def read(self, what: str, key: str) -> dict[str, object]:
        """Read a whole record (`what` is for example "order"); RecordNotFound when the system does not know it."""
        ...

    async def capture(self, taken: str) -> list[Captured]:
        """Evidence of this moment; what cannot be captured any more is left out, never raised."""
        ...


@runtime_checkable
class SignsIn(Protocol):
    """Hands that can sign in without any work, for a person who wants to know whether an account works."""

    async def sign_in_once(self) -> None:
        """One fresh sign-in and nothing else. Raises SignInRefused."""
        ...


@runtime_checkable
class ShowsScreen(Protocol):
    """Hands on a screen: `screen` is what it is called, and they can say what it consists of."""

    @property
    def screen(self) -> str:
        """What people call the screen that is worked on."""
        ...

    async def layout(self) -> Layout | None:
        """The screen that is worked on; None when it cannot be read."""
        ...


class Route(Protocol):
    """One way to reach a system: hands to work with, for one account at a time."""

    system: str
    name: str
    version: str

    def open(self, account: str, step: Callable[[str], None]) -> AbstractAsyncContextManager[Hands]:
        """A job's hands, signed in as `account`; `step` is told the name of every step as it begins.

        Leaving the block closes the context and keeps the browser for the account's next job.
        """
        ...

    async def kill(self, account: str) -> None:
        """End the account's browser with its whole process tree, now; returns when it is proven dead."""
        ...

    async def close(self) -> None:
        """End everything this route has open."""
        ...
