"""One process of a part, from its start to the end of its whole family."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from baton import launch, processes
from baton.part_log import PartLog
from baton.parts import Part

LAUNCHER = str(Path(launch.__file__).resolve())
LOG_GRACE = 1.0


class Child:
    """A started process: its output goes to the log, its end can be awaited, its family can be ended."""

    def __init__(self, part: Part, run: str, environment: Mapping[str, str], log: PartLog) -> None:
        self._part = part
        self._run = run
        self._log = log
        self._loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        try:
            self._process = popen(part, {**environment, processes.PART_MARK: part.name}, writing)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.who = processes.identity(self._process.pid)
        self._ended = asyncio.Event()
        self._copying = self._loop.create_task(self._copy(reading))
        self._watch()

    @property
    def pid(self) -> int:
        """The process and, since it leads one, its process group and session."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its end was not seen yet."""
        return not self._ended.is_set()

    async def wait(self) -> int:
        """Wait for its end; the exit status, or minus the number of the signal that killed it."""
        await self._ended.wait()
        return self._process.wait()

    def signal(self, signal_: signal.Signals) -> None:
        """Signal the process itself; one that is gone is fine."""
        if self.running:
            self._process.send_signal(signal_)

    async def finish(self) -> None:
        """Kill what is left of the family (grandchildren that moved to a session of their own too); close the log."""
        relatives = await asyncio.to_thread(processes.family, self.pid) if self.running else []
        processes.send_to_group(self.pid, signal.SIGKILL)
        processes.send(relatives, signal.SIGKILL)
        await self._ended.wait()
        await asyncio.to_thread(lambda: processes.end(processes.marked(self._run, self._part.name)))
        _, late = await asyncio.wait({self._copying}, timeout=LOG_GRACE)
        for task in late:
            task.cancel()

    def _watch(self) -> None:
        if hasattr(os, "pidfd_open"):
            descriptor = os.pidfd_open(self._process.pid)
            self._loop.add_reader(descriptor, self._end_seen, descriptor)
        else:
            threading.Thread(target=self._wait_in_thread, daemon=True).start()

    def _end_seen(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._process.wait()
        self._ended.set()

    def _wait_in_thread(self) -> None:
        self._process.wait()
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _copy(self, descriptor: int) -> None:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while chunk := await reader.read(65536):
                self._log.feed(chunk)
        finally:
            transport.close()


def popen(part: Part, environment: Mapping[str, str], output: int) -> "subprocess.Popen[bytes]":
    """Start a part in a session of its own, through the launcher, from the thread whose death shall end it."""
    who = [str(os.getpid()), str(int(part.death_signal)), part.user, "--"]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCHER, *who, *part.argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**environment, **part.env},
        cwd=part.cwd,
    )


def told(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
