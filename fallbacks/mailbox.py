"""Where answers arrive: a mailbox that is read and never emptied; what was taken is moved aside, not deleted.

Everything in the folder is taken, so it must be a folder for answers alone. Both kinds pass one conformance suite.
"""

import asyncio
import contextlib
import imaplib
import itertools
import os
import ssl
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from pydantic import BaseModel, ConfigDict

LARGEST = 25 * 1024 * 1024
"""Of a larger mail only this beginning is read."""
TAKEN = "Baton"
"""The folder that taken mails are moved to."""
CALL_SECONDS = 20.0

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Password = Callable[[], Awaitable[str]]


class MailboxAway(Exception):
    """The mailbox does not answer, or does not let us in; the message says so without any secret."""


class Arrived(BaseModel):
    """A mail in the mailbox: its `key` there, its beginning, and its whole size."""

    model_config = ConfigDict(frozen=True)

    key: str
    raw: bytes
    size: int


class Mailbox(Protocol):
    """A place where answers arrive. Both of its methods raise MailboxAway."""

    async def waiting(self, most: int) -> list[Arrived]:
        """The oldest mails that nobody has taken, `most` at once; reading changes nothing."""
        ...

    async def took(self, keys: Sequence[str]) -> None:
        """Move these aside, never to be seen again by `waiting`; a key that is gone already is as good."""
        ...


def mailbox_at(url: str, password: Password, ca_file: Path | None) -> Mailbox:
    """The mailbox that a setting names. SystemExit when it names none that can be used."""
    address = urlsplit(url)
    if address.scheme == "maildir" and not address.netloc and address.path.strip("/"):
        return MaildirMailbox(Path(unquote(address.path)))
    secret = address.scheme == "imaps" or (address.scheme == "imap" and address.hostname in _LOOPBACK)
    if secret and address.hostname and address.username and not address.password:
        return ImapMailbox(address, password, ca_file)
    raise SystemExit(
        "BATON_MAILBOX_URL names no mailbox: maildir:///folder, or imaps://user@host[:port]/folder with the password "
        "as the credential `mailbox`. Without TLS (imap://) only on this machine."
    )


class MaildirMailbox:
    """A Maildir that a mail server on this machine delivers into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def waiting(self, most: int) -> list[Arrived]:
        """What lies in new/ and cur/; a name there never changes its content."""
        return await asyncio.to_thread(self._waiting, most)

    async def took(self, keys: Sequence[str]) -> None:
        """Move the files into the subfolder, as seen."""
        await asyncio.to_thread(self._took, keys)

    def _waiting(self, most: int) -> list[Arrived]:
        with self._here():
            found = [path for name in ("new", "cur") for path in (self._folder / name).iterdir()]
            found.sort(key=lambda path: path.name)
            read = (_read(path) for path in found if not path.name.startswith("."))
            return _batch((one for one in read if one is not None), most)

    def _took(self, keys: Sequence[str]) -> None:
        with self._here():
            aside = self._folder / f".{TAKEN}"
            for name in ("new", "cur", "tmp"):
                (aside / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            (aside / "maildirfolder").touch(mode=0o600)
            for key in keys:
                path = self._folder / key
                with contextlib.suppress(FileNotFoundError):
                    path.rename(aside / "cur" / f"{path.name.partition(':')[0]}:2,S")

    @contextlib.contextmanager
    def _here(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MailboxAway(f"{self._folder}: {error.strerror}") from None


def _read(path: Path) -> Arrived | None:
    """The mail in a file; None when it was moved meanwhile, or is no plain file (a link may lead anywhere)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            return None
        return Arrived(key=f"{path.parent.name}/{path.name}", raw=file.read(LARGEST), size=about.st_size)


class ImapMailbox:
    """A folder on an IMAP server, over TLS; each call has a connection of its own, in a thread."""

    def __init__(self, address: SplitResult, password: Password, ca_file: Path | None) -> None:
        self._host = address.hostname or ""
        self._port = address.port
        self._user = unquote(address.username or "")
        self._folder = unquote(address.path.strip("/")) or "INBOX"
        self._taken = parse_qs(address.query).get("taken", [TAKEN])[0]
        self._tls = ssl.create_default_context(cafile=ca_file) if address.scheme == "imaps" else None
        self._password = password

    async def waiting(self, most: int) -> list[Arrived]:
        """What is in the folder and not marked as deleted; read without marking it as seen."""
        password = await self._password()
        return await asyncio.to_thread(self._waiting, password, most)

    async def took(self, keys: Sequence[str]) -> None:
        """Move the mails into the folder for taken ones."""
        password = await self._password()
        await asyncio.to_thread(self._took, password, keys)

    def _waiting(self, password: str, most: int) -> list[Arrived]:
        with self._signed_in(password) as client:
            validity = client.select_folder(self._folder, readonly=True)[b"UIDVALIDITY"]
            uids = sorted(client.search(["NOT", "DELETED"]))
            return _batch(_fetched(client, validity, uids), most)

    def _took(self, password: str, keys: Sequence[str]) -> None:
        with self._signed_in(password) as client:
            validity = client.select_folder(self._folder)[b"UIDVALIDITY"]
            pairs = (key.split("/") for key in keys)
            uids = [int(uid) for era, uid in pairs if int(era) == validity]  # in another era they are other mails
            if not uids:
                return
            if not client.folder_exists(self._taken):
                client.create_folder(self._taken)
            if client.has_capability("MOVE"):
                client.move(uids, self._taken)
                return
            client.copy(uids, self._taken)
            client.delete_messages(uids)
            if client.has_capability("UIDPLUS"):  # a plain EXPUNGE would remove what other people marked, too
                client.uid_expunge(uids)

    @contextlib.contextmanager
    def _signed_in(self, password: str) -> Iterator[IMAPClient]:
        try:
            with IMAPClient(
                self._host, self._port, ssl=self._tls is not None, ssl_context=self._tls, timeout=CALL_SECONDS
            ) as client:
                client.login(self._user, password)
                yield client
        except (IMAPClientError, imaplib.IMAP4.error, OSError, EOFError) as error:
            raise MailboxAway(f"{self._host}: {type(error).__name__}") from None


def _fetched(client: IMAPClient, validity: int, uids: Sequence[int]) -> Iterator[Arrived]:
    for uid in uids:
        found = client.fetch([uid], ["RFC822.SIZE", f"BODY.PEEK[]<0.{LARGEST}>"]).get(uid)
        if found is not None:  # else somebody moved it meanwhile
            yield _arrived(f"{validity}/{uid}", found)


def _arrived(key: str, found: dict[bytes, Any]) -> Arrived:
    """A server's answer; it may count a mail's size otherwise than its bytes, so that counts only where it was cut."""
    raw = next((value for name, value in found.items() if name.startswith(b"BODY[]")), b"") or b""
    return Arrived(key=key, raw=raw, size=max(len(raw), found[b"RFC822.SIZE"]) if len(raw) == LARGEST else len(raw))


def _batch(arrived: Iterator[Arrived], most: int) -> list[Arrived]:
    """The first mails, `most` at once, and no more bytes than the largest mail may have, unless it is one alone."""
    batch: list[Arrived] = []
    weight = 0
    for one in itertools.islice(arrived, most):
        weight += len(one.raw)
        if batch and weight > LARGEST:
            break
        batch.append(one)
    return batch
