"""The steps of a job: each has a name that people read, a deadline, and ends at once when the page is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from playwright.async_api import Error as PlaywrightError

from bots.kit.trouble import fault_of
from core.faults import Fault, TooSlow


class Steps:
    """Names and bounds what a job does.

    `tell` hears each step's name as it begins; `seconds` is the outer deadline of one step. Steps do not nest. A bot
    says in `screen` which one it sees, as people call it; a fault is met there. Empty: the page's address names it.
    """

    def __init__(self, tell: Callable[[str], None], seconds: float) -> None:
        self.screen = ""
        self._tell = tell
        self._seconds = seconds
        self._trouble: Fault | None = None
        self._running: asyncio.Timeout | None = None
        self._name = ""

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """One step. A browser's error leaves it as a fault; one that runs too long as TooSlow."""
        self._tell(name)
        self._name = name
        self._check()
        try:
            async with asyncio.timeout(self._seconds) as self._running:
                yield
        except TimeoutError:
            raise self._trouble or TooSlow(name) from None
        except PlaywrightError as error:
            raise self._trouble or fault_of(error) from error
        finally:
            self._running = None
        self._check()

    def note(self, what: str) -> None:
        """Tell of something that happened meanwhile; the running step goes on, and is told again."""
        self._tell(what)
        if self._running is not None:
            self._tell(self._name)

    def interrupt(self, trouble: Fault) -> None:
        """End the running step with `trouble` now, and let no other begin: a call on a lost page may never return."""
        self._trouble = self._trouble or trouble
        if self._running is not None and not self._running.expired():
            self._running.reschedule(asyncio.get_running_loop().time())

    def _check(self) -> None:
        if self._trouble is not None:
            raise self._trouble
