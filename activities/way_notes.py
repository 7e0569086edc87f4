"""What each job says of its way to the system: it answered, it was not there, or nothing that counts."""

import time
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.faults import (
    AnswerBroken,
    BrowserInDoubt,
    CannotTell,
    ConfirmedButAbsent,
    Fault,
    Refused,
    SignInRefused,
    SystemHeld,
    Unknown,
    away,
)
from fallbacks.breaker import Source
from fallbacks.health import Health
from systems.way import SHUT, Way

log = structlog.get_logger(__name__)

NO_ANSWER = (SignInRefused, CannotTell, BrowserInDoubt)
"""Refusals that say nothing of whether work can be done there."""
LIES = (ConfirmedButAbsent,)
"""By these a system shows that its word cannot be relied on: it counts as if it were not there, or its whole line would
go the same way."""


class WayNotes:
    """Tells the health of a way what its jobs meet; what they enter never depends on whether that could be written."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def first_open(self, ways: Sequence[Way]) -> Way:
        """The first of these ways that may be used now. SystemHeld when none may; it says when that is looked at."""
        shut = [await self._health.shut(way) for way in ways]
        for way, standing in zip(ways, shut, strict=True):
            if standing is None:
                return way
        fault = SystemHeld()
        fault.until = min((one.next_probe_at for one in shut if one and one.next_probe_at), default=None)
        raise fault

    async def heard(self, way: Way, source: Source, fault: Fault | None, began: float) -> bool:
        """A job that began then (monotonic) ended well, or with this fault; whether the way is shut now."""
        met = _speaks_against(fault) if fault is not None else ""
        if fault is not None and not met and (isinstance(fault, NO_ANSWER) or not isinstance(fault, Refused)):
            return False
        took = int((time.monotonic() - began) * 1000)
        try:
            state = await self._health.note(way, ok=not met, code=met, source=source, ms=took)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("way.not_noted", kind=type(error).__name__)
            return False
        return state in SHUT


def _speaks_against(fault: Fault) -> str:
    """The code by which this fault, or what a doubt came from, says that nothing can be done there now; or nothing."""
    lie = next((one for one in (fault, fault.__cause__) if isinstance(one, LIES)), None)
    if lie is not None:
        return lie.code
    answered_nonsense = isinstance(fault, Unknown) and fault.__cause__ is None
    return AnswerBroken.code if answered_nonsense else away(fault)
