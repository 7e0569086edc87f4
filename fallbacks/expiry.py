"""Credentials that will expire: warned of a fortnight ahead, so that no account is held by a forgotten date."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.faults import Fault

log = structlog.get_logger(__name__)

AHEAD = timedelta(days=14)
"""Long enough for a change that another department has to make."""


class Expires(Protocol):
    """What is known of a credential."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, where that is known."""


def due(known: Sequence[Expires], now: datetime) -> list[str]:
    """A sentence for each credential that has expired or soon will, the first one first."""
    ends = sorted((one.expires_at, one.name) for one in known if one.expires_at and one.expires_at - now <= AHEAD)
    return [_sentence(name, at, now) for at, name in ends]


def _sentence(name: str, at: datetime, now: datetime) -> str:
    if at <= now:
        return f"The credential {name} expired on {at:%Y-%m-%d}: renew it, then `baton secrets rotate {name}`."
    days = (at - now).days
    when = "within a day" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
    return f"The credential {name} expires {when} ({at:%Y-%m-%d})."


class ExpiringCredentials:
    """Warns in the log, once a day for each credential."""

    def __init__(self, known: Callable[[], Awaitable[Sequence[Expires]]]) -> None:
        self._known = known
        self._told: dict[str, datetime] = {}

    async def run_once(self, now: datetime) -> int:
        """Log those that are due; how many there are."""
        try:
            sentences = due(await self._known(), now)
        except Fault as fault:
            log.warning("credentials.unread", code=fault.code)
            return 0
        for sentence in sentences:
            if now - self._told.get(sentence, now - AHEAD) >= timedelta(days=1):
                self._told[sentence] = now
                log.warning("credential.expiring", sentence=sentence)
        self._told = {sentence: at for sentence, at in self._told.items() if sentence in sentences}
        return len(sentences)
