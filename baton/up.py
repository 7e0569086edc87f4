"""`baton up`: everything on one machine, started, watched and stopped; `make up` and the demo stand on it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping

from baton import leftovers, prefect_server, processes
from baton.addresses import table
from baton.backup import switch
from baton.data_folder import DataFolder, FolderInUse
from baton.leftovers import RunRecord
from baton.part_log import Terminal
from baton.parts import Part, PartFailed
from baton.ports import NoFreePorts, Ports, PortTaken
from baton.postgres import prepare
from baton.postgres_user import PostgresUnavailable
from baton.stack import ROOT, Options, Stack, at, surroundings
from baton.supervisor import Supervisor
from baton.temporal_server import TemporalMissing, TemporalServer
from core.settings import Settings

TROUBLE = (FolderInUse, PortTaken, NoFreePorts, PostgresUnavailable, TemporalMissing, PartFailed)


class Up:
    """One running Baton. `start` once, `stop` once, also after a start that failed or was cancelled."""

    def __init__(self, options: Options, terminal: Terminal) -> None:
        self.options = options
        self.folder = DataFolder(options.data_dir)
        self._terminal = terminal
        self._held = contextlib.ExitStack()
        self._stack: Stack | None = None
        self._supervisor: Supervisor | None = None

    @property
    def stack(self) -> Stack:
        """What runs where; only after the start."""
        assert self._stack is not None, "start it first"
        return self._stack

    @property
    def began(self) -> bool:
        """Whether anything was started."""
        return self._supervisor is not None

    @property
    def pids(self) -> dict[str, int]:
        """The parts that run now and their processes."""
        return {} if self._supervisor is None else self._supervisor.pids

    async def start(self) -> None:
        """Start everything and return when all is ready. Raises one of TROUBLE with a sentence for people."""
        self.folder.create()
        self._held.enter_context(self.folder.locked())
        switch.finish(self.folder)  # a restore that was killed while it put the new store in the old one's place
        ended = await asyncio.to_thread(leftovers.end_of, self.folder.record)
        if ended:
            self._terminal.say(f"ended {ended} processes that a killed Baton had left")
        self._stack = stack = await asyncio.to_thread(self._put_together)
        stack.ports.require_free(stack.ports_in_use())
        processes.become_subreaper()
        environment = stack.environment()
        record = RunRecord(self.folder.record)
        supervisor = self._supervisor = Supervisor(
            record, self.folder.logs, self._terminal, {**surroundings(self.folder), **environment}
        )
        self.folder.write_environment({**chosen(os.environ), **environment})
        await supervisor.start(stack.foundations())
        await supervisor.once(stack.migration())
        await supervisor.start([*stack.baton_itself(), *self._prefect_server()])
        if self.options.prefect:
            await supervisor.start([prefect_server.worker(stack.ports, ROOT)])
            await supervisor.once(prefect_server.deployment(stack.ports, ROOT))

    async def stop(self) -> None:
        """Stop everything and let the data folder go."""
        if self._supervisor is not None:
            await self._supervisor.stop()
            self.folder.environment_file.unlink(missing_ok=True)
        self._held.close()

    def hurry(self) -> None:
        """Do not wait for anybody any more."""
        if self._supervisor is not None:
            self._supervisor.hurry()

    def _put_together(self) -> Stack:
        options, folder = self.options, self.folder
        ports = Ports.of(options.port_base)
        cluster = prepare(folder, ports.postgres, fast=options.fast, terminal=self._terminal)
        database = folder.path / "temporal" / "temporal.db"
        codec = f"{at(ports.console)}/codec"
        temporal = TemporalServer(ports.temporal, ports.temporal_metrics, ports.temporal_ui, database, codec)
        return Stack(options, folder, ports, cluster, temporal, own_mail="BATON_SMTP_URL" in os.environ)

    def _prefect_server(self) -> list[Part]:
        return [prefect_server.server(self.stack.ports, ROOT)] if self.options.prefect else []


def chosen(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that somebody gave this Baton, for verbs in another terminal; not the bots' credentials."""
    settings = {f"BATON_{name.upper()}" for name in Settings.model_fields}
    return {name: value for name, value in environment.items() if name in settings}


@contextlib.asynccontextmanager
async def running(options: Options, terminal: Terminal) -> AsyncIterator[Up]:
    """A Baton for the length of a block; what the demo and the acceptance tests use."""
    up = Up(options, terminal)
    try:
        await up.start()
        yield up
    finally:
        await up.stop()


async def serve(options: Options) -> int:
    """Run until a signal asks to stop; the exit status. A second signal loses patience."""
    terminal = Terminal(verbose=options.verbose)
    up = Up(options, terminal)
    asked = asyncio.Event()
    watch_signals(asked, up)
    starting = asyncio.create_task(up.start())
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            terminal.plain(table(up.stack, coloured=terminal.coloured))
            await waiting
    except TROUBLE as trouble:
        terminal.say(str(trouble))
        return 1
    finally:
        starting.cancel()
        await asyncio.wait({starting})
        await stop_and_say_so(up, terminal)
    return 0


async def stop_and_say_so(up: Up, terminal: Terminal) -> None:
    """Stop; a Baton that never started anything has nothing to say about it."""
    if not up.began:
        await up.stop()
        return
    terminal.say("stopping …")
    await up.stop()
    terminal.say("stopped; nothing runs any more")


def watch_signals(asked: asyncio.Event, up: Up) -> None:
    """Ctrl-C, SIGTERM and a closed terminal ask to stop; asked twice, it hurries."""

    def on_signal() -> None:
        if asked.is_set():
            up.hurry()
        asked.set()

    for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal_, on_signal)
