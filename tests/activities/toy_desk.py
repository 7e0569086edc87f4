"""A system of one record, at hand in the test's own process, whose every step can be made to go wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bots.kit.contract import Captured, Hands, Job
from core.outcome import Sighting

Mishap = Callable[[], Awaitable[None]]


class ToyDesk:
    """The route to it, and its own hands. `mishaps` says what happens at a step before the step is done."""

    system = "orderdesk"
    name = "bot"
    version = "toy-1"
    browser_pid: int | None = None
    browser_started: float | None = None

    def __init__(self, shown: dict[str, str], **mishaps: Mishap) -> None:
        self.shown = shown
        self.order: dict[str, object] = {}
        self.mishaps = mishaps
        self.clicks: list[str] = []
        self.kills = 0

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A job at the desk."""
        step(f"open as {account}")
        try:
            yield self
        finally:
            await self._mishap("leave")

    async def kill(self, account: str) -> None:
        """End what there is for a browser."""
        assert account
        self.kills += 1

    async def close(self) -> None:
        """Nothing is open."""

    async def find(self, job: Job) -> Sighting:
        """The record as it is; ours once it was clicked."""
        await self._mishap("find")
        return Sighting(records=[dict(self.shown)], ours=[job.reference in self.clicks])

    async def enter(self, job: Job) -> None:
        """Type it."""
        assert job.reference
        await self._mishap("enter")

    async def filled(self, job: Job) -> dict[str, str]:
        """What was typed."""
        return dict(job.part.image)

    async def submit(self, job: Job) -> str:
        """Click: the record changes, then comes the mishap."""
        self.clicks.append(job.reference)
        self.shown |= job.part.image
        await self._mishap("submit")
        return "C-1"

    async def read_back(self, job: Job) -> Sighting:
        """The record again."""
        await self._mishap("read_back")
        return await self.find(job)

    async def read(self, what: str, key: str) -> dict[str, object]:
        """The whole record: what belongs to `order`, and over it what is shown."""
        assert what
        assert key
        await self._mishap("read")
        return {**self.order, **self.shown}

    async def capture(self, taken: str) -> list[Captured]:
        """No evidence."""
        assert taken
        return []

    async def _mishap(self, step: str) -> None:
        if step in self.mishaps:
            await self.mishaps[step]()


def raises(fault: BaseException) -> Mishap:
    """A mishap that raises."""

    async def mishap() -> None:
        raise fault

    return mishap
