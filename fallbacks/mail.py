"""One mail over real SMTP, in two halves: everything up to the point where nothing was sent, and the sending itself."""

import contextlib
import re
from collections.abc import AsyncIterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as MAIL
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException
from pydantic import BaseModel, ConfigDict

from core.faults import Refused, SystemDown, Unknown
from core.inert import visible

CALL_SECONDS = 10.0
"""How long one command may take; a mail server answers in milliseconds."""
DATA_SECONDS = 30.0
"""How long the server may think about a whole mail; it may be scanning it."""
GOODBYE_SECONDS = 1.0

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Mail(BaseModel):
    """What is sent; every header is cleaned before it is written."""

    model_config = ConfigDict(frozen=True)

    sender: str
    recipient: str
    subject: str
    body: str
    message_id: str
    date: datetime
    reply_to: str = ""
    references: tuple[str, ...] = ()

    def message(self) -> EmailMessage:
        """Plain text in UTF-8, all of it seven bits wide, with the same Message-ID and Date at every try."""
        made = EmailMessage(policy=MAIL)
        made["From"] = self.sender
        made["To"] = self.recipient
        made["Reply-To"] = self.reply_to or self.sender
        made["Subject"] = visible(one_line(self.subject))
        made["Date"] = self.date
        made["Message-ID"] = one_line(self.message_id)
        if self.references:
            made["In-Reply-To"] = one_line(self.references[-1])
            made["References"] = one_line(" ".join(self.references))
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(visible(self.body), charset="utf-8", cte="quoted-printable")
        return made


def one_line(text: str) -> str:
    """Text as a header may hold it: no line break, no control character, so that nobody adds headers of his own."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def is_address(text: str) -> bool:
    """Whether this is exactly one plain mail address."""
    return _ADDRESS.fullmatch(text) is not None


class MailServer:
    """The mail server at `smtp://[user:password@]host[:port]`; smtps:// speaks TLS from the first byte.

    A password is only sent over TLS, or to this machine itself. "" is no server: SystemDown.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @contextlib.asynccontextmanager
    async def open_to(self, sender: str, recipient: str) -> AsyncIterator["OpenMail"]:
        """A conversation that has come as far as the recipient: nothing was sent yet, and `send` is all that is left.

        Raises SystemDown when the server does not answer, is not ours to use or says "later"; Refused when it does not
        take mail for this recipient. In both cases surely nothing was sent.
        """
        client = self._client()
        try:
            await _reach(client, sender, recipient)
            yield OpenMail(client)
        finally:
            await _leave(client)

    def _client(self) -> SMTP:
        address = urlsplit(self._url)
        if not address.hostname:
            raise SystemDown("BATON_SMTP_URL is not set")
        secure = address.scheme == "smtps"
        must_upgrade = address.username and not secure and address.hostname not in _THIS_MACHINE
        return SMTP(
            hostname=address.hostname,
            port=address.port or (465 if secure else 25),
            username=unquote(address.username) if address.username else None,
            password=unquote(address.password) if address.password else None,
            use_tls=secure,
            start_tls=True if must_upgrade else None,  # None: when the server offers it
            timeout=CALL_SECONDS,
            local_hostname="localhost",
        )


class OpenMail:
    """A conversation that waits for the mail itself."""

    def __init__(self, client: SMTP) -> None:
        self._client = client

    async def send(self, mail: Mail) -> None:
        """Send it, once. Returns when the server took it; Refused is its clear no, Unknown everything else.

        Only a 5xx is a clear no: servers have been seen to keep a mail and then answer 4xx.
        """
        try:
            await self._client.data(mail.message().as_bytes(), timeout=DATA_SECONDS)
        except SMTPResponseException as answer:
            if 500 <= answer.code < 600:
                raise Refused(f"answer {answer.code}") from None
            raise Unknown(f"answer {answer.code}") from None
        except (SMTPException, OSError, TimeoutError) as error:
            raise Unknown(type(error).__name__) from None


async def _reach(client: SMTP, sender: str, recipient: str) -> None:
    try:
        await client.connect()
        await client.mail(sender)
        await client.rcpt(recipient)
    except SMTPRecipientRefused as answer:
        if 500 <= answer.code < 600:
            raise Refused(f"answer {answer.code}") from None
        raise SystemDown(f"answer {answer.code}") from None
    except SMTPResponseException as answer:  # a sign-in, a sender or a server that needs an operator, not the customer
        raise SystemDown(f"answer {answer.code}") from None
    except (SMTPException, OSError, TimeoutError) as error:
        raise SystemDown(type(error).__name__) from None


async def _leave(client: SMTP) -> None:
    with contextlib.suppress(SMTPException, OSError, TimeoutError):
        if client.is_connected:
            await client.quit(timeout=GOODBYE_SECONDS)
    client.close()
