"""Who opens links without signing in: counted by where they come from, so that nobody tries tokens until one fits."""

from fastapi import Request
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from console.problems import Problem

PER_PLACE = parse("30/15 minutes")
"""Links from one place that are nobody's: a mistyped one is a few, a guesser is many."""


class Strangers:
    """Counts wrong links, in this process; a right one is never slowed unless many wrong ones came from there."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def refuse_if_many(self, place: str) -> None:
        """429 when too many were wrong lately."""
        if not await self._limiter.test(PER_PLACE, place):
            raise Problem(
                429,
                "too_many_attempts",
                "Too many links that do not exist were opened from here in a short time.",
                kept="Nothing was changed.",
                todo="Wait a quarter of an hour, then open the link from our mail once more.",
            ).with_headers({"Retry-After": "900"})

    async def count(self, place: str) -> None:
        """One more was wrong."""
        await self._limiter.hit(PER_PLACE, place)


def place_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"
