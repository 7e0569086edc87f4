"""The door of one demo system: shut, so that connections are refused; or one connection cut in the middle of a word."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

import uvicorn

_AT_ONCE = struct.pack("ii", 1, 0)
"""Linger: whoever is cut off is told so by a reset, and not by a quiet end."""
_ANSWER = 0.1


class Door:
    """The listening socket of a server that runs, and those who came in by it."""

    def __init__(self, server: uvicorn.Server, address: tuple[str, int]) -> None:
        self._server = server
        self._address = address
        self._opening: asyncio.Task[None] | None = None

    def shut(self, seconds: float) -> None:
        """Let nobody in for so long, once whoever asked for it has its answer; then it opens by itself."""
        asyncio.get_running_loop().call_later(_ANSWER, self._shut, seconds)

    def _shut(self, seconds: float) -> None:
        for listener in self._server.servers:
            listener.close()
        held = _bound(self._address)  # bound and not listening: refused, and the port stays ours
        for connection in list(self._server.server_state.connections):
            _reset(connection.transport)
        self._opening = asyncio.create_task(self._open(held, seconds))

    def cut(self, client: tuple[str, int] | None) -> None:
        """Reset the connection of that client, if it stands."""
        for connection in list(self._server.server_state.connections):
            if getattr(connection, "client", None) == client:
                _reset(connection.transport)

    async def _open(self, held: socket.socket, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            held.listen(128)
        except BaseException:
            held.close()
            raise
        loop, server = asyncio.get_running_loop(), self._server
        config = server.config

        def protocol() -> Any:
            kind: Any = config.http_protocol_class
            return kind(config=config, server_state=server.server_state, app_state=server.lifespan.state, _loop=loop)

        server.servers = [await loop.create_server(protocol, sock=held)]


def _bound(address: tuple[str, int]) -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(address)
    return held


def _reset(transport: Any) -> None:
    if transport is None or transport.is_closing():
        return
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
