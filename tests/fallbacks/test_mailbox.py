"""The two kinds of mailbox, over a real Maildir and a real IMAP server: both keep the same promises."""

import asyncio
import mailbox as stdlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fallbacks import mailbox
from fallbacks.mailbox import Mailbox, MailboxAway, mailbox_at
from tests.support import imap
from tests.support.tls import papers


async def password() -> str:
    """The right one."""
    return imap.PASSWORD


@dataclass(frozen=True)
class Box:
    """A mailbox as Baton reads it, and what a mail server or a person does with it."""

    read: Mailbox
    deliver: Callable[[bytes], Awaitable[None]]
    taken: Callable[[], Awaitable[list[bytes]]]
    unseen: Callable[[], Awaitable[int]]


@pytest.fixture(params=["maildir", "imap"])
async def box(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Box]:
    """Each kind, empty."""
    if request.param == "maildir":
        yield _maildir(tmp_path / "box")
        return
    async with imap.serving(papers(tmp_path)) as server:
        yield _imap(server)


def _maildir(folder: Path) -> Box:
    kept = stdlib.Maildir(folder)

    async def deliver(raw: bytes) -> None:
        kept.add(raw)

    async def taken() -> list[bytes]:
        aside = stdlib.Maildir(folder / ".Baton", create=False)
        return [aside.get_bytes(key) for key in sorted(aside.keys())]

    async def unseen() -> int:
        return len(list((folder / "new").iterdir()))

    return Box(mailbox_at(f"maildir://{folder}", password, None), deliver, taken, unseen)


def _imap(server: imap.Imap) -> Box:
    async def deliver(raw: bytes) -> None:
        def append() -> None:
            with server.person() as client:
                client.append("INBOX", raw)

        await asyncio.to_thread(append)

    async def taken() -> list[bytes]:
        def fetch() -> list[bytes]:
            with server.person() as client:
                client.select_folder("Baton", readonly=True)
                found = client.fetch(client.search(), ["BODY.PEEK[]"])
                return [found[uid][b"BODY[]"] for uid in sorted(found)]

        return await asyncio.to_thread(fetch)

    async def unseen() -> int:
        def count() -> int:
            with server.person() as client:
                client.select_folder("INBOX", readonly=True)
                return len(client.search(["UNSEEN"]))

        return await asyncio.to_thread(count)

    return Box(mailbox_at(server.url, password, server.ca), deliver, taken, unseen)


def letter(number: int) -> bytes:
    """A small mail."""
    return f"From: a@example.org\r\nSubject: {number}\r\n\r\nText {number}\r\n".encode()


def plain(raw: bytes) -> bytes:
    """Its bytes with the line ends of this machine: a Maildir keeps them so."""
    return raw.replace(b"\r\n", b"\n")


async def test_reading_changes_nothing(box: Box) -> None:
    """A mail is read whole, stays where it was, unseen, and is read again until it is said to be taken."""
    await box.deliver(letter(1))

    first, second = await box.read.waiting(10), await box.read.waiting(10)

    assert [plain(one.raw) for one in first] == [plain(letter(1))]
    assert first == second
    assert first[0].size == len(first[0].raw)
    assert await box.unseen() == 1


async def test_what_was_taken_is_moved_aside_and_kept(box: Box) -> None:
    """Only the mail that was taken goes, into a folder of its own, with every byte; taking it again is harmless."""
    await box.deliver(letter(1))
    await box.deliver(letter(2))
    one, two = await box.read.waiting(10)

    await box.read.took([one.key])
    await box.read.took([one.key])

    assert await box.read.waiting(10) == [two]
    assert [plain(raw) for raw in await box.taken()] == [plain(one.raw)]


async def test_a_full_mailbox_is_read_in_parts(box: Box) -> None:
    """No more mails than were asked for come at once."""
    for number in range(3):
        await box.deliver(letter(number))

    found = await box.read.waiting(2)

    assert len(found) == 2


async def test_of_a_huge_mail_only_the_beginning_is_read(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail above the limit comes cut, with its true size beside it."""
    monkeypatch.setattr(mailbox, "LARGEST", 1000)
    huge = letter(1) + b"x" * 4000
    await box.deliver(huge)

    (found,) = await box.read.waiting(1)

    assert (len(found.raw), found.size >= 4000) == (1000, True)


async def test_many_large_mails_come_one_after_the_other(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """F68: however many huge mails wait, no more than the limit is held in memory at once."""
    monkeypatch.setattr(mailbox, "LARGEST", 1000)
    for number in range(3):
        await box.deliver(letter(number) + b"x" * 600)

    found = await box.read.waiting(10)

    assert len(found) == 1


async def test_a_maildir_gives_no_other_files(tmp_path: Path) -> None:
    """F59: a link or a pipe in the folder is no mail: what it leads to is never read."""
    folder = tmp_path / "box"
    stdlib.Maildir(folder)
    (tmp_path / "secret").write_text("a secret")
    (folder / "new" / "1").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "new" / "2")

    found = await mailbox_at(f"maildir://{folder}", password, None).waiting(10)

    assert found == []


async def test_a_mailbox_that_is_away_says_so_without_secrets(tmp_path: Path) -> None:
    """A missing folder, a closed port, a wrong password and a certificate nobody knows are all *away*."""

    async def wrong() -> str:
        return "a-wrong-password"

    async with imap.serving(papers(tmp_path)) as server:
        away = [
            mailbox_at(f"maildir://{tmp_path}/none", password, None),
            mailbox_at("imaps://a@127.0.0.1:1/INBOX", password, None),
            mailbox_at(server.url, wrong, server.ca),
            mailbox_at(server.url, password, None),
        ]
        told = []
        for one in away:
            with pytest.raises(MailboxAway) as trouble:
                await one.waiting(1)
            told.append(str(trouble.value))

    assert not any("password" in text for text in told)


@pytest.mark.parametrize(
    "url",
    [
        "imap://user@mail.example.org/INBOX",
        "imaps://mail.example.org/INBOX",
        "imaps://user:secret@mail.example.org/INBOX",
        "maildir://host/folder",
        "maildir:///",
        "pop3://user@mail.example.org",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_the_start(url: str) -> None:
    """Without TLS, without a user, with a password in the setting, or of another kind: a sentence, and no start."""
    with pytest.raises(SystemExit, match="BATON_MAILBOX_URL names no mailbox"):
        mailbox_at(url, password, None)
