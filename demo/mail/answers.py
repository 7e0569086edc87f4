"""Answers to mails, as customers' mail programs and mail servers write them, delivered into a Maildir."""

import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any


class Answers:
    """Where answers are delivered; the Maildir is made when it is missing."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._box = mailbox.Maildir(folder)

    def deliver(self, mail: dict[str, Any], text: str, kind: str, photo: tuple[str, bytes] | None) -> None:
        """Answer this mail as a person, as a robot that says that somebody is away, or as a server that bounces it."""
        self._box.add(bounce_of(mail) if kind == "bounce" else answer_to(mail, text, kind, photo))


def answer_to(mail: dict[str, Any], text: str, kind: str, photo: tuple[str, bytes] | None) -> bytes:
    """What a mail program makes of it: the old mail quoted, its thread kept."""
    made = EmailMessage()
    made["From"], made["To"] = mail["to"][0], mail["reply_to"]
    made["Subject"] = f"Re: {mail['subject']}"
    made["Date"], made["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="customer.example")
    made["In-Reply-To"] = made["References"] = mail["message_id"]
    if kind == "away":
        made["Auto-Submitted"] = "auto-replied"
    quoted = "\n".join(f"> {line}" for line in mail["text"].splitlines())
    made.set_content(f"{text}\n\nOn {mail['received_at']}, {mail['from']} wrote:\n{quoted}\n")
    if photo is not None:
        name, data = photo
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def bounce_of(mail: dict[str, Any]) -> bytes:
    """What a mail server writes when nobody has that mailbox."""
    report = (
        f"Final-Recipient: rfc822; {mail['to'][0]}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such mailbox\n"
    )
    parts = (
        "Content-Type: text/plain\n\nYour mail could not be delivered.\n",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.customer.example\n\n{report}",
        f"Content-Type: message/rfc822\n\nMessage-ID: {mail['message_id']}\nSubject: {mail['subject']}\n\n",
    )
    head = (
        f"From: MAILER-DAEMON@customer.example\nTo: {mail['from']}\nSubject: Undelivered mail\nReturn-Path: <>\n"
        f"Message-ID: {make_msgid(domain='customer.example')}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\n\n'
    )
    return (head + "".join(f"--cut\n{part}\n" for part in parts) + "--cut--\n").encode()
