"""A mail server that does as a test tells it: takes mails, says later, says no, or hangs up without a word."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Postbox:
    """A mail server's memory, and how it is told to misbehave: the answer to RCPT and to the mail itself."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.rcpt_answer = "250 OK"
        self.data_answer = "250 OK"
        self.hang_up = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds its hooks by name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take the recipient, or answer as told."""
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, then answer as told, or hang up without a word."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=policy.default))
        if self.hang_up:
            assert server.transport is not None
            server.transport.close()
        return self.data_answer


@asynccontextmanager
async def serving(postbox: Postbox) -> AsyncIterator[str]:
    """The postbox on a port of its own, as an smtp:// address."""
    open_ = set()

    def connection() -> SMTP:
        made = SMTP(postbox, hostname="mail.example.org")
        open_.add(made)
        return made

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for one in open_:
            if one.transport is not None:
                one.transport.close()
