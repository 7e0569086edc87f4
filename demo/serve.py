"""How each demo system starts and stops: its arguments, one line when it listens, a quiet end on a signal."""

import argparse
import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from demo import store
from demo.door import Door


class _Server(uvicorn.Server):
    """Says one line once it really listens."""

    def __init__(self, config: uvicorn.Config, hello: str) -> None:
        super().__init__(config)
        self._hello = hello

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._hello, flush=True)


def arguments(system: str) -> argparse.ArgumentParser:
    """The arguments every demo system has."""
    parser = argparse.ArgumentParser(prog=f"python -m demo.{system}")
    parser.add_argument("--data", type=Path, required=True, help="data folder of this system alone")
    return parser


def bind(system: str, port: int) -> socket.socket:
    """A loopback socket on that port (0: any free one); a taken port ends the program with one plain line."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        sys.exit(f"{system}: cannot listen on 127.0.0.1:{port}: {error.strerror}")
    return listener


def run(system: str, make_app: Callable[[], FastAPI], listener: socket.socket, also: str = "") -> None:
    """Serves until SIGTERM or Ctrl-C, then ends with status 0; a data folder in use ends it with one plain line."""
    try:
        app = make_app()
    except store.FolderInUseError as busy:
        sys.exit(f"{system}: data folder {busy.args[0]} is in use by another process")
    hello = f"{system} listening on http://127.0.0.1:{listener.getsockname()[1]}{also}"
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    # uvicorn raises the signal again at its end, for whoever listened before it: nobody needs it here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = _Server(config, hello)
    app.state.faults.door = Door(server, listener.getsockname())
    asyncio.run(server.serve(sockets=[listener]))
    gc.freeze()  # the end waits for no last look through all that was loaded
