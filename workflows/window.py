"""Waiting for a system's working hours: nothing is held meanwhile, and hours that are changed take effect."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.openings import AskOpening, Opening, Openings
from workflows import policies
from workflows.book import locally


class Window:
    """The hours of one item's system; `opens` is when they begin, as far as is known."""

    def __init__(self, system: str, environment: str) -> None:
        self._system = system
        self._environment = environment
        self.opens: datetime | None = None

    async def opened(self, enough: Callable[[], bool]) -> bool:
        """Wait for the opening, until the hours should be read again at the latest, or for `enough`; True when open."""
        now = workflow.now()
        longest = policies.WINDOW_REREAD if self.opens is None else min(self.opens - now, policies.WINDOW_REREAD)
        try:
            await workflow.wait_condition(enough, timeout=max(longest, timedelta()))
        except TimeoutError:
            now = workflow.now()
            await self.ask()
        return self.opens is not None and self.opens <= now

    async def ask(self) -> datetime | None:
        """Read the hours again; when it opens next."""
        asked = AskOpening(system=self._system, environment=self._environment, at=workflow.now())
        found: Opening = await locally(Openings.next_opening, asked)
        self.opens = found.at
        return self.opens

    def pause(self, least: timedelta) -> timedelta:
        """How long to wait before looking again at a closed system: until it opens or its hours are read again."""
        if self.opens is None or self.opens <= workflow.now():
            return least
        return max(least, min(self.opens - workflow.now(), policies.WINDOW_REREAD))
