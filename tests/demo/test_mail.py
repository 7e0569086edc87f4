"""The mail sink: what is sent over SMTP stays as a file and is listed."""

import email
import mailbox
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest


def address(sink: Any) -> tuple[str, int]:
    found = re.search(r"smtp://([\d.]+):(\d+)", sink.hello)
    assert found
    return found.group(1), int(found.group(2))


def letter(to: str, subject: str = "Your delivery: new date für Dąbrowski") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "service@example.org", to, subject
    mail["Message-ID"] = f"<{to}>"
    mail.set_content("We come on 24.11.2026.\nSørry for the wait.\n")
    return mail


async def send(sink: Any, mail: EmailMessage) -> str:
    host, port = address(sink)
    _, answer = await aiosmtplib.send(mail, hostname=host, port=port, start_tls=False)
    return answer


async def test_a_mail_is_kept_and_listed(mail: Any) -> None:
    """A sent mail is one .eml file and one row with subject, addressee and text."""
    await send(mail, letter("greta@example.org"))

    (row,) = (await mail.http.get("/mails.json?to=greta@example.org")).json()

    assert (row["subject"], row["to"]) == ("Your delivery: new date für Dąbrowski", ["greta@example.org"])
    assert (row["text"], row["message_id"]) == (
        "We come on 24.11.2026.\nSørry for the wait.\n",
        "<greta@example.org>",
    )
    assert (mail.data / f"{row['id']}.eml").exists()
    assert "greta@example.org" in (await mail.http.get("/")).text
    assert "new date für Dąbrowski" in (await mail.http.get(f"/mails/{row['id']}")).text


async def test_mails_survive_a_restart(start: Any) -> None:
    """After a stop the list is the same and numbers go on."""
    first = await start("mail")
    await send(first, letter("a@example.org"))
    assert await first.stop() == 0

    again = await start("mail", data=first.data)
    await send(again, letter("b@example.org"))

    assert [row["id"] for row in (await again.http.get("/mails.json")).json()] == ["000001", "000002"]


async def test_down_takes_no_mail(mail: Any) -> None:
    """A sink that is down greets with 421, and with 503 on its page."""
    await mail.faults(down=True)

    with pytest.raises((aiosmtplib.SMTPException, smtplib.SMTPException), match="System not available"):
        await send(mail, letter("down@example.org"))

    assert (await mail.http.get("/mails.json")).status_code == 503
    await mail.faults(reset=True)
    assert (await mail.http.get("/mails.json?to=down@example.org")).json() == []


async def test_kept_then_refused(mail: Any) -> None:
    """With commit then 500 the mail is kept although its sender is told that it failed."""
    await mail.faults(commit_then_500=1)

    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(mail, letter("doubt@example.org"))

    assert refused.value.code == 451
    assert len((await mail.http.get("/mails.json?message_id=<doubt@example.org>")).json()) == 1


async def test_a_mail_is_answered_on_its_page(start: Any, tmp_path: Path) -> None:
    """A reply, an absence note and a bounce are delivered into the Maildir, each with what leads to the mail."""
    sink = await start("mail", "--replies", str(tmp_path / "replies"))
    mail = letter("greta@example.org")
    mail["Reply-To"] = "service+abcdefgh234567ab@example.org"
    await send(sink, mail)

    for kind in ("person", "away", "bounce"):
        answer = await sink.http.post("/mails/000001/answers", data={"text": "On Friday.", "kind": kind})
        assert answer.status_code == 303

    found = [email.message_from_bytes(raw.as_bytes()) for raw in mailbox.Maildir(tmp_path / "replies", create=False)]
    replies = [one for one in found if not one.is_multipart()]
    assert {one["To"] for one in replies} == {"service+abcdefgh234567ab@example.org"}
    assert {one["In-Reply-To"] for one in replies} == {"<greta@example.org>"}
    assert {one["Auto-Submitted"] for one in replies} == {None, "auto-replied"}
    assert [one["Return-Path"] for one in found if one.is_multipart()] == ["<>"]
