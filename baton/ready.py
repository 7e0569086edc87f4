"""When a part may be called ready: it answers, or it said so."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

Ready = Callable[[], Awaitable[bool]]
Clean = Callable[[], object]
READY_FILE = "BATON_READY_FILE"
ANSWER_WITHIN = 3.0


def answers_http(port: int, path: str = "/healthz") -> Ready:
    """Ready when GET `path` on loopback answers 200."""

    async def check() -> bool:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        return b" 200 " in await first_line(port, request)

    return check


def said_so(path: Path) -> Ready:
    """Ready when the part called `tell()`: its ready file is there."""

    async def check() -> bool:
        return await asyncio.to_thread(path.exists)

    return check


def tell() -> None:
    """Called by a part without a port (worker, bots, ticks) once it does its work; does nothing outside `baton up`."""
    path = os.environ.get(READY_FILE)
    if path:
        Path(path).touch()


async def first_line(port: int, request: str) -> bytes:
    """The first line a port on loopback answers; empty when it does not answer in time."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request.encode("ascii"))
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
