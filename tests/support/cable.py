"""A cable to a server that can be pulled: the server sees its connections end, the other side hears nothing at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PIECE = 65536


@dataclass
class Cable:
    """Where to connect to; `pull` and `plug` it."""

    address: str = ""
    pulled: bool = False
    near: set[asyncio.StreamWriter] = field(default_factory=set)
    far: set[asyncio.StreamWriter] = field(default_factory=set)

    def pull(self) -> None:
        """Nothing passes any more, and nobody on the near side is told."""
        self.pulled = True
        for writer in self.far:
            writer.close()

    def plug(self) -> None:
        """It passes again; who was waiting connects anew."""
        self.pulled = False
        for writer in self.near:
            writer.close()


@asynccontextmanager
async def cable_to(address: str) -> AsyncIterator[Cable]:
    """A cable to host:port."""
    host, _, port = address.rpartition(":")
    cable = Cable()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cable.near.add(writer)
        if cable.pulled:
            return
        there, back = await asyncio.open_connection(host, int(port))
        cable.far.add(back)
        await asyncio.gather(_pass(cable, reader, back), _pass(cable, there, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    cable.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield cable
    finally:
        server.close()
        for writer in (*cable.near, *cable.far):
            writer.close()


async def _pass(cable: Cable, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        to.write(piece)
        await to.drain()
    if not cable.pulled:
        to.close()
