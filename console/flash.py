"""A sentence for the next page, carried by the browser: it holds nothing but what the person is about to read."""

import base64
import json
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

COOKIE = "baton_said"
KINDS = ("good", "bad", "note")
LONGEST = 600


@dataclass(frozen=True)
class Said:
    """What to say and how: good, bad or note."""

    text: str
    kind: str


def leave(response: Response, text: str, kind: str = "good") -> None:
    """Let the next page say this."""
    packed = base64.urlsafe_b64encode(json.dumps([kind, text[:LONGEST]]).encode()).decode()
    response.set_cookie(COOKIE, packed, max_age=60, httponly=True, samesite="lax")


def read(request: Request) -> Said | None:
    """What the page before wanted said; None for nothing, or for something that is not ours."""
    try:
        kind, text = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except ValueError:
        return None
    return Said(str(text)[:LONGEST], kind) if kind in KINDS else None


def forget(response: Response) -> None:
    """It has been said."""
    response.delete_cookie(COOKIE)
