"""A sign of life to an address outside: it is the silence that somebody else's watch then rings for."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import structlog

log = structlog.get_logger(__name__)

ANSWER_WITHIN = 10.0


class Deadman:
    """Calls the address while all is well; `well` says whether the ticks have all that they need."""

    def __init__(self, url: str, well: Callable[[], Awaitable[tuple[bool, Any]]]) -> None:
        self._url, self._well = url, well
        self._unheard = False

    async def run_once(self, _now: datetime) -> int:
        """One call; 1 when it was heard. Its address may hold a token: no log says it."""
        ready, _ = await self._well()
        if not ready:
            return 0
        try:
            async with httpx.AsyncClient(timeout=ANSWER_WITHIN, trust_env=False) as client:
                (await client.get(self._url)).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            if not self._unheard:
                log.warning("deadman.unheard", kind=type(trouble).__name__)
            self._unheard = True
            return 0
        self._unheard = False
        return 1
