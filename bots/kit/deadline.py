"""Nothing waits for ever: an outer deadline on every call that could hang."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.faults import TooSlow

LAUNCH_SECONDS = 15.0
"""A browser that has not started by then will not start."""
CLOSE_SECONDS = 5.0
"""Closing can hang for ever after a crash; then the browser is killed instead."""
EVIDENCE_SECONDS = 5.0
"""Evidence is worth a short wait and no more: the entry goes on without it."""
ANSWER_SECONDS = 5.0
"""Playwright answers a small question within milliseconds, and within a second on a machine that is overloaded."""
JOB_SECONDS = 270.0
"""The last resort, for a call that a bot's author left without a deadline: just before Temporal gives the job up."""


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Raise TooSlow when the block takes longer than `seconds`; `what` tells people what was waited for."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TooSlow(what) from None
