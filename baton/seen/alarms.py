"""The numbers that only the ticks give out: of the records, of the task queues, of what expires."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.client import Client
from temporalio.service import RPCError

from baton import endings, wiring
from baton.endings import Endings
from baton.seen import queues
from baton.seen.queues import Queue
from core import clock
from core.faults import Fault
from core.settings import Settings
from fallbacks.expiry import Expires
from measures import alarms
from measures.alarms import Alarms, Standing
from records.database import Database

READ_WITHIN = 3.0
"""Seconds for everything; Prometheus gives a scrape ten when nothing else is said."""
EXPIRY_GOOD_FOR = 20.0
"""Seconds in which it is not asked again what expires: a vault is asked for each credential by itself."""
GOOD_FOR = 5.0
"""Seconds in which a second scrape is told the same: nobody can wear the records out by asking."""


class Found(BaseModel):
    """What was found; None is what could not be read."""

    model_config = ConfigDict(frozen=True)

    records: Alarms | None = None
    pollers: dict[Queue, int] | None = None
    first_expiry: datetime | None = None
    endings: Endings | None = None


class Look:
    """Looks at everything that alarms are made of; each of the three by itself, each with a time limit."""

    def __init__(self, settings: Settings, database: Database, client: Client) -> None:
        self._settings, self._database, self._client = settings, database, client
        self._known: tuple[float, Sequence[Expires]] | None = None

    async def now(self) -> Found:
        """As it is; what is away is missing."""
        records, pollers, known = await asyncio.gather(
            _within(self._records), _within(self._pollers), _within(self._credentials)
        )
        first = min((one.expires_at for one in known or () if one.expires_at), default=None)
        read = partial(asyncio.to_thread, endings.found, self._settings, known or [])
        ends = None if known is None else await _within(read)
        return Found(records=records, pollers=pollers, first_expiry=first, endings=ends)

    async def _records(self) -> Alarms:
        async with self._database.session() as session:
            return await alarms.read(session, clock.now())

    async def _pollers(self) -> dict[Queue, int]:
        return await queues.pollers(self._client, queues.expected(self._settings))

    async def _credentials(self) -> Sequence[Expires]:
        if self._known is None or time.monotonic() - self._known[0] > EXPIRY_GOOD_FOR:
            self._known = (time.monotonic(), await wiring.secrets(self._settings).known())
        return self._known[1]


class AlarmMetrics(Collector):
    """What was found, as Prometheus reads it; read anew at a scrape."""

    def __init__(self, look: Callable[[], Awaitable[Found]], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look, self._monotonic = look, monotonic
        self._found = Found()
        self._read_at: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> None:
        """Look, unless that was done a moment ago."""
        async with self._one_at_a_time:
            if self._read_at is None or self._monotonic() - self._read_at > GOOD_FOR:
                self._found = await self._look()
                self._read_at = self._monotonic()

    def collect(self) -> Iterable[Metric]:
        """What could be read."""
        found = self._found
        could = _gauge("baton_alarms_read", "1 when the source could be read in time, else 0.", "source")
        read = {"records": found.records, "pollers": found.pollers, "credentials": found.endings}
        for source, what in read.items():
            could.add_metric([source], what is not None)
        if found.endings is not None:
            could.add_metric(["certificates"], not found.endings.unread)
        ends = [*_of_credentials(found.first_expiry), *_of_endings(found.endings)]
        return (could, *_of_records(found.records), *_of_queues(found.pollers), *ends)


def _of_records(found: Alarms | None) -> list[Metric]:
    if found is None:
        return []
    silent = _gauge("baton_bots_silent", "Bot processes that gave no sign of life and did not say goodbye.")
    silent.add_metric([], found.silent_bots)
    return [
        *_standing("baton_outbox", "Accepted work that waits for Temporal", {(): found.outbox}),
        *_standing("baton_unknown", "Entries that may have been made", _by(found.unknown), "system"),
        *_standing("baton_mail_stuck", "Mails that stand still or were refused", _by(found.mails), "state"),
        silent,
    ]


def _of_queues(found: dict[Queue, int] | None) -> list[Metric]:
    pollers = _gauge("baton_queue_pollers", "Workers that asked for work lately.", "queue", "kind")
    for (queue, kind), number in (found or {}).items():
        pollers.add_metric([queue, kind], number)
    return [pollers] if found is not None else []


def _of_credentials(first: datetime | None) -> list[Metric]:
    """The first expiry, without the name of the credential: an account may be called as a person is."""
    expiry = _gauge("baton_credential_first_expiry_timestamp_seconds", "When the first credential expires.")
    if first is not None:
        expiry.add_metric([], first.timestamp())
    return [expiry]


def _of_endings(found: Endings | None) -> list[Metric]:
    """The end of each certificate and key by the setting that names it, and how much has no day."""
    if found is None:
        return []
    ends = _gauge("baton_key_expiry_timestamp_seconds", "When the certificate or key of a setting ends.", "setting")
    for one in found.ends:
        if one.expires_at is not None:
            ends.add_metric([one.name], one.expires_at.timestamp())
    without = _gauge("baton_expiry_undeclared", "Credentials and keys for which no day of expiry is declared.")
    without.add_metric([], len(found.undeclared))
    return [ends, without]


def _by(found: dict[str, Standing]) -> dict[tuple[str, ...], Standing]:
    return {(name,): standing for name, standing in found.items()}


def _standing(name: str, said: str, found: dict[tuple[str, ...], Standing], *labels: str) -> list[Metric]:
    count, oldest = (
        _gauge(f"{name}_count", f"{said}: how many.", *labels),
        _gauge(f"{name}_oldest_seconds", f"{said}: how old the oldest is.", *labels),
    )
    for values, standing in found.items():
        count.add_metric(list(values), standing.count)
        oldest.add_metric(list(values), standing.oldest_seconds)
    return [count, oldest]


def _gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=labels)


async def _within(read: Callable[[], Awaitable[Any]]) -> Any:
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await read()
    except (TimeoutError, DBAPIError, PoolTimeout, OSError, RPCError, RuntimeError, Fault):
        return None
