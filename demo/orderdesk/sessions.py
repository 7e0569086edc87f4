"""Who is signed in at the order desk, and who has which record open. In memory, as old systems do."""

import base64
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass

COLLEAGUE = "meier"
MOST_FAILURES = 3
SEED = "JBSWY3DPEHPK3PXP"
"""Of everybody's one-time codes."""

Clock = Callable[[], float]


def accounts() -> dict[str, str]:
    """Account name to password: ten bots, and a colleague to play with."""
    bots = {
        f"bot{n:02}": os.environ.get(f"BATON_SECRET_ORDERDESK_BOT{n:02}") or f"demo-bot-{n:02}" for n in range(1, 11)
    }
    return {**bots, COLLEAGUE: "demo-meier"}


def one_time_code(seed: str, now: float) -> str:
    """What an authenticator app shows for that seed (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(seed), (int(now) // 30).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def account_name(typed: str) -> str:
    """The account as the desk keeps it."""
    return typed.strip().lower()


@dataclass
class Session:
    """One signed-in browser."""

    id: str
    user: str
    seen_at: float


@dataclass
class Lock:
    """One open record: by whom, in which session, until when."""

    user: str
    session: str
    until: float


class Sessions:
    """Sign-in, idle time, and the count of failed sign-ins per account; three in a row lock it."""

    def __init__(self, clock: Clock, idle_seconds: float, passwords: dict[str, str] | None = None) -> None:
        self._clock = clock
        self._idle = idle_seconds
        self._passwords = accounts() if passwords is None else passwords
        self._open: dict[str, Session] = {}
        self.failed: dict[str, int] = {}
        self._in_a_row: dict[str, int] = {}
        self._half_way: dict[str, str] = {}

    def knows(self, user: str, password: str) -> bool:
        """Whether the password is right; a wrong one is counted against the account."""
        name = account_name(user)
        if password and secrets.compare_digest(self._passwords.get(name, "").encode(), password.encode()):
            self._in_a_row.pop(name, None)
            return True
        self.failed[name] = self.failed.get(name, 0) + 1
        self._in_a_row[name] = self._in_a_row.get(name, 0) + 1
        return False

    def half_way(self, user: str) -> str:
        """A pass for somebody whose password was right, to the screen that asks for the code."""
        self._half_way[ticket := secrets.token_hex(16)] = account_name(user)
        return ticket

    def second_step(self, ticket: str, code: str, now: float) -> str:
        """The account behind a pass with the right code; nothing, and one more failure, with a wrong one."""
        name = self._half_way.pop(ticket, "")
        if name and secrets.compare_digest(one_time_code(SEED, now).encode(), code.encode()):
            return name
        self.failed[name] = self.failed.get(name, 0) + 1
        return ""

    def locked(self) -> list[str]:
        """The accounts that nobody can sign in with any more."""
        return sorted(name for name, times in self._in_a_row.items() if times >= MOST_FAILURES)

    def unlock(self, user: str) -> None:
        """Lets an account in again; all when none is named."""
        if user:
            self._in_a_row.pop(account_name(user), None)
        else:
            self._in_a_row.clear()

    def begin(self, user: str) -> Session:
        """A new session of somebody who is known."""
        session = Session(secrets.token_hex(16), account_name(user), self._clock())
        self._open[session.id] = session
        return session

    def find(self, session_id: str | None) -> Session | None:
        """The live session of a cookie; being seen keeps it alive."""
        session = self._open.get(session_id or "")
        if session is None:
            return None
        now = self._clock()
        if now - session.seen_at > self._idle:
            del self._open[session.id]
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
        """How many sessions are alive now."""
        now = self._clock()
        return sum(now - session.seen_at <= self._idle for session in self._open.values())


class Locks:
    """The record locks: one user at a time, the same user as often as wanted; MEIER's pinned ones stay."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._held: dict[str, Lock] = {}
        self._pinned: set[str] = set()

    def take(self, order_no: str, session: Session) -> str | None:
        """Locks the record for that user; the name of the user who holds it otherwise."""
        holder = self.holder(order_no)
        if holder is not None and holder != session.user:
            return holder
        self._held[order_no] = Lock(session.user, session.id, self._clock() + self._seconds)
        return None

    def holder(self, order_no: str) -> str | None:
        """Who has the record open now."""
        if order_no in self._pinned:
            return COLLEAGUE
        lock = self._held.get(order_no)
        return lock.user if lock is not None and lock.until > self._clock() else None

    def release(self, order_no: str, session: Session) -> None:
        """Lets go of one record that this session has open."""
        lock = self._held.get(order_no)
        if lock is not None and lock.session == session.id:
            del self._held[order_no]

    def release_session(self, session_id: str) -> None:
        """Lets go of every record that this session has open."""
        self._held = {no: lock for no, lock in self._held.items() if lock.session != session_id}

    def release_all(self) -> None:
        """Lets go of everything but the pinned ones."""
        self._held.clear()

    def pin(self, order_no: str) -> None:
        """MEIER opens that record and goes to lunch."""
        self._held.pop(order_no, None)
        self._pinned.add(order_no)

    def unpin(self, order_no: str) -> None:
        """Releases that record, whoever holds it; all pinned ones when none is named."""
        if not order_no:
            self._pinned.clear()
        self._pinned.discard(order_no)
        self._held.pop(order_no, None)

    def pinned(self) -> list[str]:
        """The records that MEIER does not give back."""
        return sorted(self._pinned)

    def all(self) -> dict[str, str]:
        """Every record that is open now, and its user."""
        holders = {no: self.holder(no) for no in sorted({*self._pinned, *self._held})}
        return {no: user.upper() for no, user in holders.items() if user is not None}
