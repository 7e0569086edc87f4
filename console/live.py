"""Live pages: one LISTEN connection of the process wakes every open stream; each stream re-reads by event number."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from records.events import CHANNEL

log = logging.getLogger(__name__)

BEAT = 20.0
"""Seconds of silence after which a stream says that it lives, so that proxies keep it open."""
BACK_OFF = 2.0
"""Seconds before the connection is tried again after the database went away."""


class Wake:
    """One stream's bell: rings when its case, or any case, changed."""

    def __init__(self, case_id: str | None) -> None:
        self._case_id = case_id
        self._bell = asyncio.Event()

    def ring(self, case_id: str) -> None:
        """Ring when this case is meant; an empty id means that anything may have changed."""
        if not case_id or self._case_id in (None, case_id):
            self._bell.set()

    async def wait(self) -> bool:
        """True when something changed, False after a beat of silence."""
        try:
            await asyncio.wait_for(self._bell.wait(), BEAT)
        except TimeoutError:
            return False
        self._bell.clear()
        return True


class Bells:
    """All open streams of this process, and the one connection that listens for them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wakes: set[Wake] = set()
        self._task: asyncio.Task[None] | None = None
        self.closing = False

    @contextmanager
    def stream(self, case_id: str | None = None) -> Iterator[Wake]:
        """A bell for one stream; the connection is opened with the first one."""
        wake = Wake(case_id)
        self._wakes.add(wake)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        try:
            yield wake
        finally:
            self._wakes.discard(wake)

    async def close(self) -> None:
        """End every stream and the connection."""
        self.closing = True
        self._ring("")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _ring(self, case_id: str) -> None:
        for wake in self._wakes:
            wake.ring(case_id)

    async def _listen(self) -> None:
        while not self.closing:
            try:
                async for case_id in self._heard():
                    self._ring(case_id)
            except psycopg.Error as trouble:
                log.warning("live pages lost the database: %s", type(trouble).__name__)
            await asyncio.sleep(BACK_OFF)

    async def _heard(self) -> AsyncIterator[str]:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self._ring("")  # whatever happened while nobody listened
            async for notify in connection.notifies():
                yield notify.payload


def message(html: str, number: int) -> str:
    """An unnamed server-sent event with its number: a named one would not be swapped in."""
    lines = "\n".join(f"data: {line}" for line in html.splitlines())
    return f"id: {number}\n{lines}\n\n"


BEAT_MESSAGE = ": still here\n\n"
