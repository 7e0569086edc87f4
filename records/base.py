"""Column helpers shared by every table."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Column, DateTime, Enum
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field


def moment(*, index: bool = False) -> Any:
    """A required point in time, with time zone."""
    return Field(sa_type=DateTime(timezone=True), index=index)


def maybe_moment(*, index: bool = False) -> Any:
    """A point in time, with time zone, that may be missing."""
    return Field(default=None, sa_type=DateTime(timezone=True), index=index)


def document() -> Any:
    """A JSON document, never null."""
    return Field(sa_column=Column(JSONB, nullable=False))


def maybe_document() -> Any:
    """A JSON document that may be missing."""
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


def choice(kind: type[StrEnum], *, index: bool = False, default: StrEnum | None = None) -> Any:
    """A required value out of a closed list, kept as its text so that the list may grow without a migration."""
    values = Enum(kind, native_enum=False, create_constraint=False, length=40, values_callable=_values)
    if default is None:
        return Field(sa_type=values, index=index)
    return Field(default=default, sa_type=values, index=index)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]
