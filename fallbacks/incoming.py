"""A received mail read for what matters, pure: who wrote, what they say, what hangs on it, whether a program wrote it.

Everything in a mail is somebody else's: nothing in it is trusted, and all of its text comes out inert.
"""

import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.utils import parseaddr

from pydantic import BaseModel, ConfigDict

from core.inert import file_name, visible, visible_line
from fallbacks.plain_text import of_html, without_quotes
from records.attachments import NewFile
from records.replies import Clues

LONGEST_TEXT = 20_000
LONGEST_HTML = 200_000
LONGEST_LINE = 500
MOST_ATTACHMENTS = 10
LARGEST_ATTACHMENT = 10 * 1024 * 1024

# What Python's parser raises over broken mails, in many places and on no list.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, MessageError)

_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "List-Id", "List-Unsubscribe")
_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")


class Incoming(BaseModel):
    """A mail as Baton understands it.

    `said` is the text without what it quotes; `automatic` is "" for a person, else answer or bounce; `undelivered`
    says why a mail of ours did not arrive; `remark` tells a person what was left out.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    message_id: str
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    said: str = ""
    automatic: str = ""
    undelivered: str = ""
    remark: str = ""
    clues: Clues = Clues()
    attachments: tuple[NewFile, ...] = ()


def read(raw: bytes, size: int) -> Incoming:
    """Read a mail of `size` bytes, of which `raw` is the beginning. Never raises: what cannot be read is said so."""
    mark = fingerprint(raw)
    try:
        return _read(raw, size, mark)
    except UNREADABLE as error:
        remark = f"This mail cannot be read ({type(error).__name__}); it is kept as it came."
        return Incoming(fingerprint=mark, message_id=f"none:{mark}", remark=remark)


def fingerprint(raw: bytes) -> str:
    """What makes two copies one mail: its content and the headers its writer chose, not those of its way here."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    own = [line for line in head.split(b"\n") if line.lower().startswith((b"message-id:", b"from:", b"date:", b"sub"))]
    return hashlib.sha256(b"\n".join([*own, b"", body.rstrip(b"\n")])).hexdigest()


def _read(raw: bytes, size: int, mark: str) -> Incoming:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, remarks = _text(mail), []
    if size > len(raw):
        remarks.append(f"Only the first {_megabytes(len(raw))} of {_megabytes(size)} were read.")
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
        remarks.append(f"The text was cut after {LONGEST_TEXT:,} characters.")
    automatic = _automatic(mail)
    attachments, left_out = ([], 0) if automatic else _attachments(mail)
    if left_out:
        remarks.append(f"{left_out} attachments were left out: more than {MOST_ATTACHMENTS}, or too large.")
    name, address = parseaddr(header(mail, "From"))
    return Incoming(
        fingerprint=mark,
        message_id=header(mail, "Message-ID") or f"none:{mark}",
        sender=address,
        sender_name=name,
        subject=header(mail, "Subject"),
        text=text,
        said=without_quotes(text),
        automatic=automatic,
        undelivered=_undelivered(mail) if automatic == "bounce" else "",
        remark=" ".join(remarks),
        clues=_clues(mail, text),
        attachments=tuple(attachments),
    )


def header(mail: Message, name: str) -> str:
    """A header on one line, inert and of bounded length; empty when it is missing or broken beyond reading."""
    try:
        found = str(mail.get(name, ""))
    except UNREADABLE:
        return ""
    return " ".join(visible_line(_sound(found.replace("\n", " ").replace("\r", " "))).split())[:LONGEST_LINE]


def _sound(text: str) -> str:
    """Text that a database takes: no halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(mail: EmailMessage) -> str:
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    text = _decoded(plain) if plain is not None else ""
    if not text.strip() and rich is not None:
        text = of_html(_decoded(rich)[:LONGEST_HTML])
    return visible(_sound(text.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def _decoded(part: Message) -> str:
    """A part's text, by the charset it names, else as UTF-8, else so that at least what is ASCII can be read."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    for charset in (part.get_content_charset("utf-8"), "utf-8"):
        try:
            return payload.decode(charset)
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")


def _automatic(mail: EmailMessage) -> str:
    if mail.get_content_type() == "multipart/report" or header(mail, "Return-Path") == "<>":
        return "bounce"
    by_program = header(mail, "Auto-Submitted").lower() not in ("", "no")
    bulk = header(mail, "Precedence").lower() in _BULK
    return "answer" if by_program or bulk or any(mail.get(name) for name in _ROBOT_HEADERS) else ""


def _undelivered(mail: EmailMessage) -> str:
    """Why a mail of ours did not arrive, from a report that says so; empty when it only says "later"."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message) and header(block, "Action").lower() == "failed":
                return header(block, "Diagnostic-Code") or header(block, "Status") or "no reason given"
    return ""


def _clues(mail: EmailMessage, text: str) -> Clues:
    threads = " ".join([header(mail, "References"), header(mail, "In-Reply-To"), *_originals(mail)])
    return Clues(
        recipients="\n".join(header(mail, name) for name in _RECIPIENTS),
        answers=tuple(re.findall(r"<[^<>\s]{1,250}>", threads)),
        text=f"{header(mail, 'Subject')}\n{text}",
    )


def _originals(mail: EmailMessage) -> Iterator[str]:
    """The ids of mails that a bounce carries within it."""
    for part in mail.walk():
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            inner = part.get_payload()
            found = inner[0] if isinstance(inner, list) else message_from_bytes(_decoded(part).encode())
            yield header(found, "Message-ID") if isinstance(found, Message) else ""


def _attachments(mail: EmailMessage) -> tuple[list[NewFile], int]:
    """The files, and how many were left out."""
    kept: list[NewFile] = []
    left_out = 0
    for number, part in enumerate(mail.iter_attachments(), 1):
        data = _bytes(part)
        if len(kept) == MOST_ATTACHMENTS or len(data) > LARGEST_ATTACHMENT:
            left_out += 1
        elif data:
            kept.append(NewFile(name=file_name(part.get_filename("") or f"attachment {number}"), data=data))
    return kept, left_out


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else part.as_bytes()


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
