"""The words by which an answer finds its way back, pure: tokens of links, and tokens that stand in mails."""

import base64
import hashlib
import re
import secrets

_LINK_BYTES = 24
_REPLY_BYTES = 10
"""Eighty bits: short enough for the local part of an address, far too many to guess by mail."""

_WORD = r"[a-z2-7]{16}"
_MARK = re.compile(rf"\[ref:({_WORD})\]", re.IGNORECASE)
_PLUS = re.compile(rf"\+({_WORD})@", re.IGNORECASE)


def link_token() -> str:
    """What stands in a link that is mailed; only its hash is kept."""
    return secrets.token_urlsafe(_LINK_BYTES)


def hashed(token: str) -> str:
    """What is kept of a link's token: its SHA-256, hexadecimal. It is random and long, so it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def answer_link(console_url: str, token: str) -> str:
    """Where whoever has the token can answer."""
    return f"{console_url.rstrip('/')}/answers/{token}"


def reply_token() -> str:
    """What a case's mails carry: small letters and digits, since the local part of an address may lose its capitals."""
    return base64.b32encode(secrets.token_bytes(_REPLY_BYTES)).decode("ascii").lower()


def reply_address(address: str, token: str) -> str:
    """The address with the token in it: service+TOKEN@example.org."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def mark(token: str) -> str:
    """The last line of a mail, for mail programs that answer to another address and drop the thread."""
    return f"[ref:{token}]"


def tokens_of_addresses(text: str) -> list[str]:
    """The reply tokens in header lines with addresses, each once."""
    return list(dict.fromkeys(found.lower() for found in _PLUS.findall(text)))


def tokens_of_marks(text: str) -> list[str]:
    """The reply tokens in a subject or text, each once; the newest mail of a thread is quoted first."""
    return list(dict.fromkeys(found.lower() for found in _MARK.findall(text)))
