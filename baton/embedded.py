"""A server as one's own child without the supervisor: what tests and tools use, from sync and async code alike."""

import abc
import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from baton import child, processes
from baton.parts import Part, PartFailed

STARTS_WITHIN = 60.0
STOPS_WITHIN = 5.0


class ServerDidNotStart(Exception):
    """An embedded server ended or stayed silent; the message carries the end of its log."""


class Embedded(abc.ABC):
    """Starts a part directly and stops it with the block. The server dies with this process, however that ends."""

    def __init__(self) -> None:
        self.log = Path(os.devnull)
        self._part: Part | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def prepare(self) -> Part:
        """Blocking: make what the server needs, set `self.log`, and return it as a part."""

    @abc.abstractmethod
    def let_go(self) -> None:
        """Free what `prepare` took."""

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None, "start it first"
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers."""
        try:
            self._part = self.prepare()
            self._spawn(self._part)
            in_own_loop(self._wait_until_ready())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it, by force when it does not hurry, and free what it held."""
        if self._process is not None and self._part is not None:
            self._process.send_signal(self._part.stop_signal)
            try:
                self._process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                processes.end(processes.family(self._process.pid))
                self._process.wait()
            self._process = None
        self.let_go()

    def kill(self) -> None:
        """SIGKILL it, as tests of failures do; `start_again` brings it back on the same data."""
        assert self._process is not None, "start it first"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def start_again(self) -> None:
        """Start after `kill`, on the same data and port."""
        assert self._part is not None, "start it first"
        self._spawn(self._part)
        in_own_loop(self._wait_until_ready())

    def __enter__(self) -> Self:
        """Start in a `with` block."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop at its end."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start in an `async with` block."""
        try:
            self._part = await asyncio.to_thread(self.prepare)
            # Not in a thread: the server dies with the thread that started it.
            self._spawn(self._part)
            await self._wait_until_ready()
        except BaseException:
            await asyncio.to_thread(self.stop)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop at its end."""
        await asyncio.to_thread(self.stop)

    def _spawn(self, part: Part) -> None:
        if part.clean is not None:
            part.clean()
        if part.check is not None:
            try:
                part.check(lambda _: None)
            except PartFailed as failed:
                raise ServerDidNotStart(f"{part.name}: {failed}") from failed
        with self.log.open("ab") as output:
            self._process = child.popen(part, os.environ, output.fileno())

    async def _wait_until_ready(self) -> None:
        assert self._part is not None
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STARTS_WITHIN):
                while self._process.poll() is None:
                    if await self._part.ready():
                        return
                    await asyncio.sleep(0.05)
        end = self.log.read_bytes()[-2000:].decode("utf-8", errors="replace")
        raise ServerDidNotStart(f"{self._part.name} did not start. The end of {self.log}:\n{end}")


def in_own_loop(work: Coroutine[object, object, None]) -> None:
    """Run async work to its end from sync code, whether or not a loop is set in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
