"""What ends TLS in front of a real server, as a proxy in production does: it asks for papers, or for an API key.

Temporal's dev server and the PostgreSQL that comes with Baton speak no TLS themselves. Behind the relay they are the
real ones; in front of it our drivers meet a real handshake.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hpack import Decoder

from tests.support.tls import Papers

PIECE = 65536
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
FRAME_HEAD = 9
HEADERS = 1
PADDED, PRIORITY = 0x08, 0x20


@dataclass
class Relay:
    """Where to connect to, whose certificates it saw, and with which keys it was asked."""

    address: str = ""
    seen: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


@asynccontextmanager
async def tls_in_front_of(
    address: str, mine: Papers, *, client: bool = False, key: str = "", postgres: bool = False
) -> AsyncIterator[Relay]:
    """TLS in front of host:port. `client`: only with a certificate; `key`: only with that API key (gRPC).

    `postgres`: PostgreSQL's own question for TLS comes first, as its clients put it.
    """
    relay, context = Relay(), _context(mine, client=client)
    host, _, port = address.rpartition(":")
    open_ones: set[asyncio.StreamWriter] = set()
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        serving.add(asyncio.current_task())
        try:
            if postgres:
                await _asked_for_tls(reader, writer, context)
            _note(relay, writer)
            first = await _with_key(relay, reader, key) if key else b""
            there, back = await asyncio.open_connection(host, int(port))
            open_ones.add(back)
            back.write(first)
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, PermissionError):
            pass  # who is refused is told by the end of the connection
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if postgres else context)
    relay.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        for writer in open_ones:
            writer.close()
        # To their ends, not cancelled: asyncio's streams would log each one as an error.
        await asyncio.gather(*(one for one in serving if one), return_exceptions=True)


def _context(mine: Papers, *, client: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*mine.server)
    context.set_alpn_protocols(["h2"])
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(mine.ca)
    return context


async def _asked_for_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
    await reader.readexactly(len(SSL_REQUEST))
    writer.write(b"S")
    plain = writer.transport
    try:
        await writer.start_tls(context)
    except AttributeError:  # Python 3.11 says so of a client that hung up meanwhile, and leaves no transport behind
        writer._transport = plain  # type: ignore[attr-defined]
        raise ConnectionResetError from None


def _note(relay: Relay, writer: asyncio.StreamWriter) -> None:
    shown = writer.get_extra_info("peercert") or {}
    relay.seen |= {value for part in shown.get("subject", ()) for _, value in part}


async def _with_key(relay: Relay, reader: asyncio.StreamReader, key: str) -> bytes:
    """Everything up to the first request's headers, which must carry the key. Raises PermissionError."""
    read = await reader.readexactly(PREFACE)
    while True:
        head = await reader.readexactly(FRAME_HEAD)
        body = await reader.readexactly(int.from_bytes(head[:3]))
        read += head + body
        if head[3] == HEADERS:
            break
    asked = {str(name): str(value) for name, value in Decoder().decode(_block(head[4], body))}.get("authorization", "")
    relay.keys.add(asked)
    if asked != f"Bearer {key}":
        raise PermissionError
    return read


def _block(flags: int, body: bytes) -> bytes:
    if flags & PADDED:
        body = body[1 : len(body) - body[0]]
    return body[5:] if flags & PRIORITY else body


async def _pass(reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        to.write(piece)
        await to.drain()
    to.close()
