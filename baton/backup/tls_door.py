"""A door to a PostgreSQL that is reached by TLS, for a program that speaks none: a socket that nobody else may open.

The packaged `pg_dump` speaks no TLS. What it sends through the door goes on by TLS, with the checks of the address.
PostgreSQL's protocol: https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

log = structlog.get_logger(__name__)

PORT = 5432
"""In the name of the socket's file only."""
CHUNK = 1 << 16
ASK_FOR_TLS = bytes.fromhex("0000000804d2162f")
SASL, LET_IN = 10, 0
BOUND_TO_TLS = b"SCRAM-SHA-256-PLUS\0"
"""A way to sign in that a client must not be offered beside a connection without TLS: it takes that for an attack."""


@contextlib.contextmanager
def door(connection: psycopg.Connection) -> Iterator[str]:
    """The address of the door to the very server that `connection` has reached; empty when that needs no TLS."""
    info = connection.info
    if not connection.pgconn.ssl_in_use:
        yield ""
        return
    context = _context(info.get_parameters())
    with tempfile.TemporaryDirectory(prefix="baton-door-") as folder, _loop() as loop:  # for its owner alone

        async def come_in(program: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
            try:
                server = await asyncio.to_thread(_asked_for_tls, info.hostaddr or info.host, info.port)
                reading, writing = await asyncio.open_connection(sock=server, ssl=context, server_hostname=info.host)
                try:
                    await asyncio.gather(_pump(program, writing), _answers(reading, answers))
                finally:
                    writing.transport.abort()
            except (OSError, asyncio.IncompleteReadError) as fault:
                log.warning("tls_door.shut", server=info.host, fault=str(fault))
            except asyncio.CancelledError:  # the door closes: nobody waits for more
                log.debug("tls_door.closed")
            finally:
                answers.close()

        opening = asyncio.start_unix_server(come_in, Path(folder) / f".s.PGSQL.{PORT}")
        serving = asyncio.run_coroutine_threadsafe(opening, loop).result()
        try:
            who = {"user": info.user, "password": info.password, "dbname": info.dbname, "options": info.options}
            yield make_conninfo(host=folder, port=PORT, **who)
        finally:
            loop.call_soon_threadsafe(serving.close)


@contextlib.contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that turns beside us, until the end of the block."""
    loop = asyncio.new_event_loop()
    turning = threading.Thread(target=loop.run_forever, name="tls-door")
    turning.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_end_of_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        turning.join()
        loop.close()


async def _end_of_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # what was closed just now is so in the next turn


def _context(said: Mapping[str, str]) -> ssl.SSLContext:
    """What libpq would check, and show, by these parameters: https://www.postgresql.org/docs/18/libpq-ssl.html."""
    mine = Path.home() / ".postgresql"
    mode, root = said.get("sslmode", "prefer"), said.get("sslrootcert", str(mine / "root.crt"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full" or root == "system"
    if root == "system":
        context.load_default_certs()
    elif mode.startswith("verify-") or Path(root).exists():
        context.load_verify_locations(root)
    else:
        context.verify_mode = ssl.CERT_NONE
    if revoked := said.get("sslcrl"):
        context.load_verify_locations(revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    shown = said.get("sslcert", str(mine / "postgresql.crt"))
    if Path(shown).exists():
        context.load_cert_chain(shown, said.get("sslkey", str(mine / "postgresql.key")), said.get("sslpassword"))
    return context


def _asked_for_tls(host: str, port: int) -> socket.socket:
    """Blocking: a connection whose next bytes are those of TLS."""
    server = socket.create_connection((host, port))
    server.sendall(ASK_FOR_TLS)
    if server.recv(1) != b"S":
        server.close()
        raise ConnectionError("the server speaks no TLS any more")
    server.setblocking(False)
    return server


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    sink.close()


async def _answers(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """What the server answers; until it lets the program in, message by message."""
    kind, code = b"", -1
    while kind != b"E" and code != LET_IN:
        kind, size = await source.readexactly(1), int.from_bytes(await source.readexactly(4), "big")
        body = await source.readexactly(size - 4)
        code = int.from_bytes(body[:4], "big") if kind == b"R" else -1
        if code == SASL:
            body = body.replace(BOUND_TO_TLS, b"")
        sink.write(kind + (len(body) + 4).to_bytes(4, "big") + body)
    await _pump(source, sink)
