"""A web server that shows what a test puts there: hostile pages, redirects, windows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Pages:
    """What is shown by path, and which paths were asked for, in their order."""

    url: str
    shown: dict[str, str]
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def showing(shown: dict[str, str]) -> AsyncIterator[Pages]:
    """Serve these pages; "-> URL" is a redirect, "file: ..." a download, whatever is not there a 404."""
    pages = Pages("", shown)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
            pages.asked.append(path)
            writer.write(_answer(pages.shown.get(path)))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a browser opens connections ahead of need
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        pages.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield pages


def _answer(shown: str | None) -> bytes:
    if shown is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    if shown.startswith("-> "):
        return f"HTTP/1.1 302 Found\r\nLocation: {shown[3:]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    kind, body = "text/html; charset=utf-8", shown
    if shown.startswith("file: "):
        kind, body = "application/octet-stream\r\nContent-Disposition: attachment; filename=x.bin", shown[6:]
    data = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    return head.encode() + data
