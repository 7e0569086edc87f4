"""Who may do what: people with their roles, their sessions and tokens, and the one table of permissions."""

import asyncio
import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pwdlib import PasswordHash
from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.in_passing import in_passing
from records.people import Role, Session, User
from records.trail import AuditEntry

IDLE = timedelta(hours=12)
"""A session ends when nobody used it for so long."""
RENEW_AFTER = timedelta(hours=1)
"""Its end is moved at most once in this time, so that reading a page rarely writes."""
LONGEST = timedelta(days=7)
"""However busy, a session ends then: a stolen cookie does not live for ever."""
SHORTEST_PASSWORD = 10
DEMO_PASSWORD = "baton-demo"  # noqa: S105 - printed on purpose; demo users exist only beside the demo systems

_hasher = PasswordHash.recommended()


class Action(StrEnum):
    """What a person can want to do; the console's routes and the workflows' activity ask by these names."""

    SIGNED_IN = "signed_in"
    SEE_CASES = "see_cases"
    START_WORK = "start_work"
    CORRECT_ORDER = "correct_order"
    NOTE_ON_CASE = "note_on_case"
    SEE_DESK = "see_desk"
    PLACE_MAIL = "place_mail"
    PICK_UP = "pick_up"
    RESOLVE = "resolve"
    TIE_CASES = "tie_cases"
    MOVE_WORK = "move_work"
    SEE_BOARD = "see_board"
    MIND_QUEUES = "mind_queues"
    ACT_ON_ITEM = "act_on_item"
    REVIEW_PROPOSAL = "review_proposal"
    REVIEW_BOOKING = "review_booking"
    RUN_OUTSIDE_WINDOW = "run_outside_window"
    APPROVE_FILLED = "approve_filled"
    OPEN_TEMPORAL = "open_temporal"
    READ_PAYLOADS = "read_payloads"
    REVEAL_EVIDENCE = "reveal_evidence"
    MIND_ACCOUNTS = "mind_accounts"
    ACT_IN_BULK = "act_in_bulk"
    APPROVE_BULK = "approve_bulk"
    SEE_FAILURES = "see_failures"
    NOTE_ON_FAILURE = "note_on_failure"
    REVIEW_FAILURES = "review_failures"
    MIND_CHANGES = "mind_changes"
    SEE_SYSTEMS = "see_systems"
    STEER_SYSTEMS = "steer_systems"
    BE_TOLD = "be_told"
    GIVE_FEEDBACK = "give_feedback"
    ANSWER_FEEDBACK = "answer_feedback"


_EVERYBODY = frozenset(Role)
_PERMISSIONS: dict[Action, frozenset[Role]] = {
    Action.SIGNED_IN: _EVERYBODY,
    Action.SEE_CASES: _EVERYBODY,
    Action.START_WORK: frozenset({Role.OPS, Role.SUPERVISOR}),
    Action.CORRECT_ORDER: frozenset({Role.OPS, Role.SUPERVISOR}),
    Action.NOTE_ON_CASE: frozenset({Role.OPS, Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.PLACE_MAIL: frozenset({Role.AGENT, Role.SUPERVISOR}),
    Action.SEE_DESK: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR, Role.IT}),
    Action.PICK_UP: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.RESOLVE: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.TIE_CASES: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.MOVE_WORK: frozenset({Role.SUPERVISOR}),
    Action.SEE_BOARD: frozenset({Role.SUPERVISOR, Role.IT}),
    Action.MIND_QUEUES: frozenset({Role.SUPERVISOR}),
    Action.ACT_ON_ITEM: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.REVIEW_PROPOSAL: frozenset({Role.SUPERVISOR}),
    Action.REVIEW_BOOKING: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.RUN_OUTSIDE_WINDOW: frozenset({Role.SUPERVISOR}),
    Action.APPROVE_FILLED: frozenset({Role.SUPERVISOR}),
    Action.OPEN_TEMPORAL: frozenset({Role.IT}),
    Action.READ_PAYLOADS: frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR, Role.IT}),
    Action.REVEAL_EVIDENCE: frozenset({Role.SUPERVISOR}),
    Action.MIND_ACCOUNTS: frozenset({Role.SUPERVISOR, Role.IT}),
    Action.SEE_FAILURES: frozenset({Role.AGENT, Role.SUPERVISOR, Role.IT}),
    Action.NOTE_ON_FAILURE: frozenset({Role.AGENT, Role.SUPERVISOR, Role.IT}),
    Action.REVIEW_FAILURES: frozenset({Role.SUPERVISOR}),
    Action.MIND_CHANGES: frozenset({Role.SUPERVISOR, Role.IT}),
    Action.SEE_SYSTEMS: _EVERYBODY,
    Action.STEER_SYSTEMS: frozenset({Role.SUPERVISOR, Role.IT}),
    Action.ACT_IN_BULK: frozenset({Role.OPS, Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.APPROVE_BULK: frozenset({Role.SUPERVISOR}),
    Action.BE_TOLD: _EVERYBODY,
    Action.GIVE_FEEDBACK: _EVERYBODY,
    Action.ANSWER_FEEDBACK: frozenset({Role.SUPERVISOR, Role.IT}),
}


def may(role: Role, action: Action) -> bool:
    """Whether somebody with this role may do this."""
    return role in _PERMISSIONS[action]


class AccessError(ValueError):
    """Something about people that cannot be done; the message is a sentence for whoever asked."""


class Person(BaseModel):
    """Somebody who is signed in, by a browser's session or a program's token."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    email: str
    name: str
    role: Role
    session_id: str
    kind: str

    def may(self, action: Action) -> bool:
        """Whether this person may do this."""
        return may(self.role, action)


async def find_user(session: AsyncSession, email: str) -> User:
    """The user with this e-mail address; AccessError when there is none."""
    user = (await session.exec(select(User).where(User.email == _plain(email)))).one_or_none()
    if user is None:
        raise AccessError(f"There is no user {email}.")
    return user


class NewUser(BaseModel):
    """Somebody to let in; without a name, the address says it."""

    model_config = ConfigDict(frozen=True)

    email: str
    role: Role
    password: str
    name: str = ""


async def create_user(session: AsyncSession, new: NewUser, now: datetime, *, by: str = "baton") -> User:
    """A new user who may sign in at once; AccessError when the address is taken or the password too short."""
    address = _plain(new.email)
    if "@" not in address:
        raise AccessError(f"{new.email} is no e-mail address.")
    who: dict[str, Any] = {"email": address, "name": new.name or _name_of(address), "role": new.role}
    user = User(**who, password_hash=await _hash(new.password), created_at=now)
    statement = insert(User).values(**user.model_dump()).on_conflict_do_nothing(index_elements=["email"])
    made = await (await session.connection()).execute(statement.returning(col(User.id)))
    if made.scalar_one_or_none() is None:
        raise AccessError(f"There is a user {address} already.")
    audit(session, now, by, "user.created", address, role=new.role.value)
    return user


async def disable(session: AsyncSession, email: str, now: datetime, *, by: str = "baton") -> None:
    """Let somebody sign in no more, and end all their sessions and tokens."""
    user = await find_user(session, email)
    user.disabled_at = now
    await _end_sessions(session, user)
    audit(session, now, by, "user.disabled", user.email)


async def reset_password(session: AsyncSession, email: str, password: str, now: datetime, *, by: str = "baton") -> None:
    """A new password; who was signed in with the old one is signed out, tokens end, a disabled user is let in."""
    user = await find_user(session, email)
    user.password_hash = await _hash(password)
    user.disabled_at = None
    await _end_sessions(session, user)
    audit(session, now, by, "user.password_reset", user.email)


async def set_role(session: AsyncSession, email: str, role: Role, now: datetime, *, by: str = "baton") -> None:
    """Another role, from the next page on."""
    user = await find_user(session, email)
    was, user.role = user.role, role
    audit(session, now, by, "user.role_changed", user.email, was=was.value, role=role.value)


async def create_token(
    session: AsyncSession, email: str, label: str, lifetime: timedelta, now: datetime, *, by: str = "baton"
) -> str:
    """A token for a program that acts as this user; it is told once and only its hash is kept."""
    user = await find_user(session, email)
    if user.disabled_at is not None:
        raise AccessError(f"{user.email} is disabled.")
    token = "baton_" + secrets.token_urlsafe(32)
    session.add(_session(user, token, "token", label, now, now + lifetime))
    audit(session, now, by, "token.created", user.email, label=label)
    return token


async def sign_in(session: AsyncSession, email: str, password: str, now: datetime) -> str | None:
    """The token of a new browser session; None when address and password do not belong together."""
    user = (await session.exec(select(User).where(User.email == _plain(email)))).one_or_none()
    # An unknown address costs the same time as a wrong password, so that nobody can ask who is known here.
    known = user.password_hash if user is not None else await _decoy()
    right = await asyncio.to_thread(_hasher.verify, password, known)
    if user is None or not right or user.disabled_at is not None:
        audit(session, now, _plain(email)[:200], "sign_in.refused")
        return None
    token = secrets.token_urlsafe(32)
    session.add(_session(user, token, "browser", "", now, now + IDLE))
    await (await session.connection()).execute(delete(Session).where(col(Session.expires_at) < now))
    audit(session, now, user.email, "sign_in.done")
    return token


async def sign_out(session: AsyncSession, person: Person, now: datetime) -> None:
    """End the session this person uses."""
    await (await session.connection()).execute(delete(Session).where(col(Session.id) == person.session_id))
    audit(session, now, person.email, "sign_out.done")


async def person_of(session: AsyncSession, token: str, now: datetime, *, kind: str = "browser") -> Person | None:
    """Who this token belongs to; None when it is unknown, ended, of the other kind, or its user is disabled."""
    joined = select(Session, User).join(User, col(User.id) == col(Session.user_id))
    counts = joined.where(Session.id == hashed(token), Session.kind == kind, Session.expires_at > now)
    found = (await session.exec(counts)).one_or_none()
    if found is None or found[1].disabled_at is not None:
        return None
    kept, user = found
    if kept.kind == "browser":
        end = min(now + IDLE, kept.created_at + LONGEST)
        if end - kept.expires_at > RENEW_AFTER:
            async with in_passing(session):
                later = update(Session).where(col(Session.id) == kept.id).values(expires_at=end)
                await (await session.connection()).execute(later)
    return Person(id=user.id, email=user.email, name=user.name, role=user.role, session_id=kept.id, kind=kept.kind)


async def ensure_demo_users(session: AsyncSession, now: datetime) -> None:
    """One user of each role with a password everybody knows; only beside the demo systems."""
    wanted = {f"{role.value}@example.org": role for role in Role}
    known = set(await session.exec(select(User.email).where(col(User.email).in_(wanted))))
    if not wanted.keys() - known:
        return
    password_hash = await _hash(DEMO_PASSWORD)
    for email in sorted(wanted.keys() - known):
        who: dict[str, Any] = {"email": email, "name": _name_of(email), "role": wanted[email], "demo": True}
        user = User(**who, password_hash=password_hash, created_at=now)
        once = insert(User).values(**user.model_dump()).on_conflict_do_nothing(index_elements=["email"])
        await (await session.connection()).execute(once)
        audit(session, now, "baton", "user.created", email, role=wanted[email].value, demo=True)


def audit(session: AsyncSession, now: datetime, actor: str, action: str, about: str = "", **data: Any) -> None:
    """Note who did what to whom, in the transaction of the deed."""
    session.add(AuditEntry(at=now, actor=actor, action=action, about=about, data=data))


def hashed(token: str) -> str:
    """What is kept of a token: its SHA-256, hexadecimal. It is random and long, so it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def _session(user: User, token: str, kind: str, label: str, now: datetime, until: datetime) -> Session:
    return Session(id=hashed(token), user_id=user.id, kind=kind, label=label, created_at=now, expires_at=until)


async def _end_sessions(session: AsyncSession, user: User) -> None:
    await (await session.connection()).execute(delete(Session).where(col(Session.user_id) == user.id))


async def _hash(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise AccessError(f"A password has at least {SHORTEST_PASSWORD} characters.")
    return await asyncio.to_thread(_hasher.hash, password)


_decoys: list[str] = []


async def _decoy() -> str:
    if not _decoys:
        _decoys.append(await _hash(secrets.token_urlsafe()))
    return _decoys[0]


def _plain(email: str) -> str:
    return email.strip().lower()


def _name_of(email: str) -> str:
    local = email.partition("@")[0]
    return "IT" if local == "it" else local.replace(".", " ").replace("-", " ").title()
