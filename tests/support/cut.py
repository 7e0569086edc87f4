"""A way to PostgreSQL that breaks at one COMMIT: before the server hears it, or before anybody hears its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum, auto
from urllib.parse import urlsplit

PIECE = 65536


class Cut(StrEnum):
    """Where it breaks: the transaction is lost, or it is kept and nobody is told."""

    UNHEARD = auto()
    UNANSWERED = auto()


@dataclass
class Way:
    """`url` leads over it. Once `cut` is set, the COMMIT of what wrote `after` breaks its connection, once."""

    url: str = ""
    cut: Cut | None = None
    after: bytes = b""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there, back = await asyncio.open_connection(host, port)
        self.writers += [writer, back]
        silenced, wrote = asyncio.Event(), False
        answers = asyncio.create_task(_answers(there, writer, silenced))
        while piece := await reader.read(PIECE):
            wrote = wrote or self.after in piece
            if self.cut is None or not wrote or b"COMMIT" not in piece:
                back.write(piece)
                continue
            cut, self.cut = self.cut, None
            silenced.set()
            if cut is Cut.UNANSWERED:
                back.write(piece)
            else:
                back.close()
            break
        else:
            back.close()
        await answers
        writer.close()
        back.close()


async def _answers(there: asyncio.StreamReader, writer: asyncio.StreamWriter, silenced: asyncio.Event) -> None:
    """Pass on what the server says; the first thing after the cut is heard by nobody."""
    while piece := await there.read(PIECE):
        if silenced.is_set():
            return
        writer.write(piece)
    writer.close()


@asynccontextmanager
async def way_to(url: str) -> AsyncIterator[Way]:
    """A way to the database of that URL."""
    parts, way = urlsplit(url), Way()
    host, port = parts.hostname or "", parts.port or 5432

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await way.serve(host, port, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    there = f"{parts.username}:{parts.password}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    way.url = parts._replace(netloc=there).geturl()
    try:
        yield way
    finally:
        server.close()
        for writer in way.writers:
            writer.close()
