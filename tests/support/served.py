"""An app behind a real HTTP server on a free port, in the test's own process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from tests.support.patience import PATIENCE


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve the app; gives its address, and stops it afterwards."""
    listening = asyncio.Event()
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2), listening)
    with socket.create_server(("127.0.0.1", 0), backlog=200) as door:
        # Not serve(): that would take this process's signals away from pytest.
        running = asyncio.create_task(server._serve(sockets=[door]))
        await asyncio.wait_for(listening.wait(), PATIENCE)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: asyncio.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._listening.set()
