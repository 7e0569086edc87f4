"""One-time codes from a seed (RFC 6238): what an authenticator app on a phone shows, thirty seconds long."""

import base64
import binascii
import hmac
from datetime import datetime

from core.faults import CredentialMissing

SECONDS = 30
DIGITS = 6


def code_at(seed: str, now: datetime) -> str:
    """The code at that moment (SHA-1, six digits, as nearly every system has it). CredentialMissing for a bad seed."""
    if not seed:
        raise CredentialMissing("it has no seed for the one-time code that is asked for")
    plain = seed.replace(" ", "").replace("-", "").upper()
    try:
        key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except binascii.Error:
        raise CredentialMissing("the seed of its one-time codes is not base32") from None
    counter = int(now.timestamp()) // SECONDS
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
