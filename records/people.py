"""Who may sign in, with which role, and their sessions (opaque, only a hash of the token is kept)."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from records.base import choice, maybe_moment, moment


class Role(StrEnum):
    """What a person is here for; it decides what they may do."""

    OPS = "ops"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    DISPATCHER = "dispatcher"
    IT = "it"


class User(SQLModel, table=True):
    """A person who may sign in; the password is kept as an argon2 hash."""

    __tablename__ = "users"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: Role = choice(Role)
    password_hash: str
    demo: bool = False
    created_at: datetime = moment()
    disabled_at: datetime | None = maybe_moment()


class Session(SQLModel, table=True):
    """A signed-in browser (`browser`) or a program's token (`token`); `id` is the SHA-256 of the opaque token."""

    __tablename__ = "sessions"

    id: str = Field(primary_key=True)
    user_id: uuid.UUID = Field(foreign_key="users.id", index=True)
    kind: str = "browser"
    label: str = ""
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
