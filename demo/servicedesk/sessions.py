"""Who is signed in at the service desk's screens, and the token that each of their forms has to bring back."""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass, field


@dataclass
class Session:
    """One signed-in browser."""

    id: str
    account: str
    seen_at: float
    message: str = ""
    """What the next page says, once."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def token(self, action: str) -> str:
        """What a form that posts to this address has to carry."""
        return hmac.new(self.secret, action.encode(), hashlib.sha256).hexdigest()[:32]

    def knows(self, action: str, token: str) -> bool:
        """Whether that token was given to that form, in this session."""
        return hmac.compare_digest(self.token(action).encode(), token.encode())


class Sessions:
    """Sign-in, idle time, and the count of failed sign-ins per account."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle = idle_seconds
        self._open: dict[str, Session] = {}
        self.failed: dict[str, int] = {}

    def sign_in(self, account: str, password: str) -> Session | None:
        """A new session, or None (then counted against the account)."""
        known = _password(account)
        if known is None or not secrets.compare_digest(known.encode(), password.encode()):
            self.failed[account] = self.failed.get(account, 0) + 1
            return None
        session = Session(secrets.token_hex(16), account, time.monotonic())
        self._open[session.id] = session
        return session

    def find(self, session_id: str | None) -> Session | None:
        """The live session of a cookie; being seen keeps it alive."""
        session = self._open.get(session_id or "")
        now = time.monotonic()
        if session is None or now - session.seen_at > self._idle:
            self._open.pop(session_id or "", None)
            return None
        session.seen_at = now
        return session

    def drop(self, session_id: str) -> None:
        """Signs one browser off."""
        self._open.pop(session_id, None)

    def drop_all(self) -> None:
        """Signs everybody off."""
        self._open.clear()

    def count(self) -> int:
        """How many are signed in."""
        return len(self._open)


def _password(account: str) -> str | None:
    """agent-bot1 to agent-bot4 and a colleague; the password is read anew each time, so that it can be rotated."""
    if account == "meier":
        return "demo-meier"
    number = account.removeprefix("agent-bot")
    if number not in ("1", "2", "3", "4"):
        return None
    return os.environ.get(f"BATON_SECRET_SERVICEDESK_AGENT_BOT{number}") or f"demo-agent-bot{number}"
