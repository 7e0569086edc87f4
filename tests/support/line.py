"""A line to a system on which one answer can be kept back, for as long as a test likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 65536


@dataclass
class Line:
    """The answer to the first request that begins with `held_back` waits for `let_go`; everything else passes."""

    url: str
    held_back: bytes
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self, piece: bytes) -> bool:
        """Whether this is the request whose answer is kept back."""
        return piece.startswith(self.held_back) and not self.asked.is_set()


@asynccontextmanager
async def line_to(url: str, held_back: bytes) -> AsyncIterator[Line]:
    """A line to the system at `url`; its end cuts whatever still waits."""
    place = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(place.hostname, place.port)
        mine = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_forth(line, reader, back, mine))
                both.create_task(_back(line, there, writer, mine))
        except* ConnectionError:
            pass  # one side is gone: a browser that was killed
        finally:
            back.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line = Line(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", held_back)
    try:
        yield line
    finally:
        line.let_go.set()
        server.close()


async def _forth(line: Line, reader: asyncio.StreamReader, to: asyncio.StreamWriter, mine: asyncio.Event) -> None:
    while piece := await reader.read(PIECE):
        if line.takes(piece):
            line.asked.set()
            mine.set()
        to.write(piece)
        await to.drain()


async def _back(line: Line, reader: asyncio.StreamReader, to: asyncio.StreamWriter, mine: asyncio.Event) -> None:
    while piece := await reader.read(PIECE):
        if mine.is_set():
            await line.let_go.wait()
        to.write(piece)
        await to.drain()
    to.write_eof()
