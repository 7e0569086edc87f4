"""A real IMAP server over TLS in the test's own process, with one user and an empty INBOX."""

import asyncio
import contextlib
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pysasl.hashing import BuiltinHash

from tests.support.patience import PATIENCE
from tests.support.tls import Papers

USER, PASSWORD = "answers@example.org", "a-password-of-the-tests"


@dataclass(frozen=True)
class Imap:
    """Where it listens, and who signed its certificate."""

    port: int
    ca: Path

    @property
    def url(self) -> str:
        """As BATON_MAILBOX_URL names it."""
        return f"imaps://{USER.replace('@', '%40')}@127.0.0.1:{self.port}/INBOX"

    @contextmanager
    def person(self) -> Iterator[IMAPClient]:
        """Somebody with a mail program of their own; to be used in a thread."""
        context = ssl.create_default_context(cafile=self.ca)
        with IMAPClient("127.0.0.1", self.port, ssl_context=context, timeout=PATIENCE) as client:
            client.login(USER, PASSWORD)
            yield client


@asynccontextmanager
async def serving(papers: Papers) -> AsyncIterator[Imap]:
    """The server on a port of its own."""
    arguments = Namespace(
        host="127.0.0.1",
        port=0,
        debug=False,
        cert=None,
        key=None,
        tls=False,  # no STARTTLS: the connection speaks TLS from its first byte
        passlib_cfg=None,
        proxy_protocol=None,
        demo_data=False,
        demo_user=USER,
        demo_password=PASSWORD,
    )
    backend, config = await DictBackend.init(
        arguments, hash_context=BuiltinHash(rounds=1), reject_dnsbl=False, invalid_user_sleep=0
    )
    config.apply_context()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*papers.server)
    answer = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
    open_: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.add(writer)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await answer(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield Imap(server.sockets[0].getsockname()[1], papers.ca)
    finally:
        server.close()
        for writer in open_:
            writer.close()
