"""Keeps parts running: starts them, starts them again when they die and says so, and stops them in order."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from baton import processes
from baton.child import Child, told
from baton.leftovers import RunRecord
from baton.part_log import PartLog, Terminal
from baton.parts import PATIENCE, Part, PartFailed, PartHeld, Wave

STEADY_AFTER = 30.0  # seconds of life after which earlier losses are forgotten
LOSSES_AT_START = 3  # a part that dies so often before it was ever ready will not come
READY_EVERY = 0.1
REAP_EVERY = 1.0


class Keeper:
    """One part, kept running until it is stopped."""

    def __init__(self, part: Part, record: RunRecord, environment: Mapping[str, str], log: PartLog) -> None:
        self.part = part
        self.log = log
        self.ready = asyncio.Event()
        self._record = record
        self._environment = environment
        self._stopping = asyncio.Event()
        self._child: Child | None = None
        self._was_ready = False
        self._told = ""  # why it stopped, as it was said last
        self._checking = False

    @property
    def checking(self) -> bool:
        """Whether it does not run yet because something is looked at first, for as long as that takes."""
        return self._checking

    @property
    def pid(self) -> int | None:
        """The process it runs as now."""
        return self._child.pid if self._child is not None and self._child.running else None

    async def run(self, terminal: Terminal) -> None:
        """Start the part, and start it again when it ends. Raises PartFailed when it never becomes ready."""
        losses = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                end = await self._live_once(terminal)
            except PartFailed as failed:
                await self._stay_down(failed, terminal)
                return
            if self._stopping.is_set():
                return
            losses = 1 if loop.time() - began > STEADY_AFTER else losses + 1
            if not self._was_ready and losses >= LOSSES_AT_START:
                raise PartFailed(
                    self._stopped() or self.tell_failure(f"ended {losses} times before it was ready ({end})")
                )
            again_after = self.part.again_after
            delay = again_after[min(losses, len(again_after)) - 1]
            self._say_end(terminal, f"{self.part.name} ended ({end}); starting it again in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def stop(self, patience: float, hurry: asyncio.Event) -> bool:
        """Ask, wait, kill; False when it had to be killed."""
        self._stopping.set()
        self.log.muted = True
        child = self._child
        if child is None or not child.running:
            return True
        child.signal(self.part.stop_signal)
        waits = {asyncio.create_task(child.wait()), asyncio.create_task(hurry.wait())}
        await asyncio.wait(waits, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        in_time = not child.running
        await child.finish()
        if not in_time:
            await self._clean()
        return in_time

    def tell_failure(self, what: str) -> str:
        """A sentence and the last lines of the part's log."""
        lines = "\n".join(f"    {line}" for line in self.log.last)
        return f"{self.part.name} {what}. The end of {self.log.path}:\n{lines}"

    async def _live_once(self, terminal: Terminal) -> str:
        """One life of the part; how it ended, in words."""
        self.log.why = ""
        try:
            await self._clean()
            await self._check(terminal)
            self._child = child = Child(self.part, self._record.run, self._environment, self.log)
        except PartHeld as held:
            self.log.why = str(held)
            return "held"
        except OSError as fault:
            return f"it could not be started: {fault}"
        self._record.note(self.part.name, child.who)
        becoming = asyncio.create_task(self._become_ready(terminal))
        status = await child.wait()
        becoming.cancel()
        self.ready.clear()
        await child.finish()
        self._record.note(self.part.name, None)
        return told(status)

    async def _clean(self) -> None:
        if self.part.clean is not None:
            await asyncio.to_thread(self.part.clean)

    async def _check(self, terminal: Terminal) -> None:
        if self.part.check is None:
            return
        self._checking = True
        try:
            await asyncio.to_thread(self.part.check, terminal.say)
        finally:
            self._checking = False

    def _stopped(self) -> str:
        return f"{self.part.name} has stopped: {self.log.why}" if self.log.why else ""

    def _say_end(self, terminal: Terminal, plain: str) -> None:
        """How it ended; a reason that stands is said once, however often it ends for it."""
        stopped = self._stopped()
        if not stopped:
            terminal.say(plain)
        elif stopped != self._told:
            self._record.tell(self.part.name, stopped)
            terminal.say(stopped)
        self._told = stopped

    async def _stay_down(self, failed: PartFailed, terminal: Terminal) -> None:
        """It must not start: nobody would hear of that any more unless it is said here."""
        if not self._was_ready:
            raise failed
        self._record.tell(self.part.name, str(failed))
        terminal.say(str(failed))
        await self._stopping.wait()

    async def _become_ready(self, terminal: Terminal) -> None:
        began = asyncio.get_running_loop().time()
        while not await self.part.ready():  # noqa: ASYNC110 - another process becomes ready, it sets no event of ours
            await asyncio.sleep(READY_EVERY)
        if self._was_ready:
            terminal.say(f"{self.part.name} is back after {asyncio.get_running_loop().time() - began:.1f} s")
        self._was_ready = True
        self._told = ""
        self.log.muted = self._stopping.is_set()
        self.ready.set()


class Supervisor:
    """All parts of one data folder, started one after the other or together, stopped in the order of their waves."""

    def __init__(self, record: RunRecord, logs: Path, terminal: Terminal, environment: Mapping[str, str]) -> None:
        self._record = record
        self._logs = logs
        self._terminal = terminal
        self._environment = {**environment, processes.RUN_MARK: record.run}
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._hurry = asyncio.Event()
        self._reaping = asyncio.create_task(self._reap())
        self._watchman = start_watchman(record)

    @property
    def pids(self) -> dict[str, int]:
        """The parts that run now and their processes."""
        return {name: keeper.pid for name, keeper in self._keepers.items() if keeper.pid is not None}

    async def start(self, parts: Iterable[Part]) -> None:
        """Start parts together and return when all are ready; PartFailed when one does not come."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(self._start(part))
        except* PartFailed as failed:
            first = failed.exceptions[0]
        else:
            return
        raise first

    async def once(self, part: Part) -> None:
        """Run a part that ends by itself (migrations); PartFailed when its exit status is not 0."""
        keeper = self._keeper(part)
        child = Child(part, self._record.run, self._environment, keeper.log)
        self._record.note(part.name, child.who)
        try:
            async with asyncio.timeout(part.ready_within):
                status = await child.wait()
        except TimeoutError:
            raise PartFailed(keeper.tell_failure(f"did not end within {part.ready_within:g} s")) from None
        finally:
            await child.finish()
            self._record.note(part.name, None)
        if status != 0:
            raise PartFailed(keeper.tell_failure(f"failed ({told(status)})"))
        keeper.log.close()

    async def stop(self) -> None:
        """Stop everything, wave by wave, and leave nothing: at most the sum of all patience."""
        for wave in Wave:
            keepers = [self._keepers[name] for name in self._tasks if self._keepers[name].part.wave is wave]
            ends = await asyncio.gather(*(keeper.stop(PATIENCE[wave], self._hurry) for keeper in keepers))
            for keeper, in_time in zip(keepers, ends, strict=True):
                if not in_time:
                    self._terminal.say(f"{keeper.part.name} did not stop within {PATIENCE[wave]:g} s and was killed")
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.to_thread(self._end_the_rest)
        self._reaping.cancel()
        processes.reap(processes.orphans() - {self._watchman.pid})
        self._record.forget()
        await asyncio.to_thread(dismiss, self._watchman)
        for name in self._tasks:
            self._keepers[name].log.close()

    def hurry(self) -> None:
        """Lose patience: whatever still stops is killed now."""
        self._hurry.set()

    async def _start(self, part: Part) -> None:
        keeper = self._keeper(part)
        task = self._tasks[part.name] = asyncio.create_task(keeper.run(self._terminal))
        ready = asyncio.create_task(keeper.ready.wait())
        try:
            late = True
            while late:
                done, _ = await asyncio.wait(
                    {task, ready}, timeout=part.ready_within, return_when=asyncio.FIRST_COMPLETED
                )
                late = not done and keeper.checking
        finally:
            ready.cancel()
        if keeper.ready.is_set():
            return
        if task.done():
            task.result()
        raise PartFailed(keeper.tell_failure(f"was not ready within {part.ready_within:g} s"))

    def _keeper(self, part: Part) -> Keeper:
        log = PartLog(part.name, self._logs, self._terminal, part.explain)
        # Until it is ready a part complains about what is not there yet; its file keeps that.
        log.muted = True
        keeper = self._keepers[part.name] = Keeper(part, self._record, self._environment, log)
        return keeper

    def _end_the_rest(self) -> None:
        processes.end(process for process in processes.marked(self._record.run) if process.pid != self._watchman.pid)

    async def _reap(self) -> None:
        # Our own children are waited for at once; only what is still there at the second look is an orphan of a part.
        seen: set[int] = set()
        while True:
            await asyncio.sleep(REAP_EVERY)
            finished = await asyncio.to_thread(processes.orphans) - {self._watchman.pid}
            processes.reap(finished & seen)
            seen = finished


def start_watchman(record: RunRecord) -> "subprocess.Popen[bytes]":
    """The process that ends what is left when this one is killed; it notices by the closed pipe."""
    record.path.parent.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-m", "baton.leftovers", str(record.path), record.run],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, processes.RUN_MARK: record.run, processes.PART_MARK: "watchman"},
        cwd=root,
    )


def dismiss(watchman: "subprocess.Popen[bytes]") -> None:
    """Close the watchman's pipe and wait for its end."""
    watchman.communicate()
