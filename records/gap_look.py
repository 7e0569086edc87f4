"""Entries that a restored store may be wrong about: each is looked for on the screen before its bots are let go."""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, func, text
from sqlmodel import Field, SQLModel, col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from core import fault_list
from records.base import maybe_moment
from systems.way import Way

CLAIMED_SECONDS = 300
"""A look that was begun and never ended, since its process died, is begun anew after that."""


class GapLook(SQLModel, table=True):
    """One entry that was open at the backup; the row goes when its system is used again.

    `answer`: "there", "not_there" or "person", once it was looked for. `code`: why a person has it, or what the last
    try to look met; `next_at`: not before then is it looked for again.
    """

    __tablename__ = "gap_looks"
    __table_args__ = (Index("ix_gap_looks_system", "system", "environment"),)

    item_id: uuid.UUID = Field(foreign_key="work_items.id", primary_key=True)
    system: str
    environment: str
    answer: str = ""
    code: str = ""
    looked_at: datetime | None = maybe_moment()
    next_at: datetime | None = maybe_moment()


class GapStanding(BaseModel):
    """How far the looks at one system are; `code`: what holds up those that are left."""

    model_config = ConfigDict(frozen=True)

    entries: int
    looked: int
    there: int
    people: int
    code: str = ""

    @property
    def sentence(self) -> str:
        """As people read it where the system's hold stands."""
        total = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        said = (
            f"Since the restore {self.looked:,} of {total} looked for: {self.there:,} there, {self.people:,} to people."
        )
        known = fault_list.known(self.code) if self.left else None
        return f"{said} {self.left:,} left. {known.sentence() if known else ''}".strip() if self.left else said

    @property
    def left(self) -> int:
        """How many are still to be looked for."""
        return self.entries - self.looked


UNLOOKED = (
    "Entries that nobody has looked for yet since the restore: {left}. Bots look by themselves while they are held. "
    "To go on without: say --unlooked, or tick it in the console, and why."
)
_BEGIN = text(
    """
    INSERT INTO gap_looks (item_id, system, environment, answer, code)
    SELECT items.id, items.system, items.environment, '', '' FROM work_items AS items
      JOIN unnest(CAST(:systems AS text[]), CAST(:operations AS text[])) AS known (system, operation)
        ON known.system = items.system AND known.operation = items.operation
     WHERE items.ended_at IS NULL AND items.state <> 'new'
    """
)
_NEXT = text(
    """
    UPDATE gap_looks SET next_at = clock_timestamp() + make_interval(secs => :claimed)
     WHERE item_id = (
        SELECT looks.item_id FROM gap_looks AS looks JOIN work_items AS items ON items.id = looks.item_id
         WHERE looks.system = :system AND looks.environment = :environment AND looks.looked_at IS NULL
           AND items.ended_at IS NULL AND (looks.next_at IS NULL OR looks.next_at <= clock_timestamp())
         ORDER BY looks.next_at NULLS FIRST, items.created_at LIMIT 1 FOR UPDATE OF looks SKIP LOCKED)
    RETURNING item_id
    """
)
_LATER = text(
    "UPDATE gap_looks SET code = :code, next_at = clock_timestamp() + make_interval(secs => :seconds)"
    " WHERE item_id = :item AND looked_at IS NULL"
)
_STANDING = text(
    """
    SELECT looks.system, looks.environment, count(*) AS entries,
           count(*) FILTER (WHERE looks.looked_at IS NOT NULL OR items.ended_at IS NOT NULL) AS looked,
           count(*) FILTER (WHERE looks.answer = 'there') AS there,
           count(*) FILTER (WHERE looks.answer = 'person') AS people,
           coalesce(max(looks.code) FILTER (WHERE looks.looked_at IS NULL AND items.ended_at IS NULL), '') AS code
      FROM gap_looks AS looks JOIN work_items AS items ON items.id = looks.item_id
     GROUP BY looks.system, looks.environment
    """
)


async def begin(session: AsyncSession, searchable: Collection[tuple[str, str]]) -> int:
    """After a restore: every entry that is open is to be looked for, of these operations of systems; how many."""
    await _run(session, delete(GapLook))
    systems, operations = [one for one, _ in searchable], [one for _, one in searchable]
    return int((await _run(session, _BEGIN, systems=systems, operations=operations)).rowcount)


async def take(session: AsyncSession, system: str, environment: str) -> uuid.UUID | None:
    """The next entry to look for, kept from others meanwhile; None when there is none now."""
    asked = {"system": system, "environment": environment, "claimed": CLAIMED_SECONDS}
    found: uuid.UUID | None = (await _run(session, _NEXT, **asked)).scalar_one_or_none()
    return found


async def looked(session: AsyncSession, item_id: uuid.UUID, answer: str, code: str = "") -> None:
    """It was looked for, and this is what came of it."""
    values = {"answer": answer, "code": code, "looked_at": func.clock_timestamp(), "next_at": None}
    await _run(session, update(GapLook).where(col(GapLook.item_id) == item_id).values(values))


async def later(session: AsyncSession, item_id: uuid.UUID, code: str, seconds: float) -> None:
    """It could not be looked for now."""
    await _run(session, _LATER, item=item_id, code=code, seconds=seconds)


async def standing(session: AsyncSession) -> dict[tuple[str, str], GapStanding]:
    """How far the looks are, by system and environment, where any are to be made since a restore."""
    found = (await _run(session, _STANDING)).mappings()
    return {(row["system"], row["environment"]): GapStanding.model_validate(dict(row)) for row in found}


async def left(session: AsyncSession, ways: Iterable[Way]) -> int:
    """How many entries of these ways' systems nobody has looked for yet since a restore."""
    places = {(way.system, way.environment) for way in ways}
    return sum(one.left for place, one in (await standing(session)).items() if place in places)


def added_to(why: str, unlooked: int) -> str:
    """Why a system is used again, and what somebody took upon themselves with it."""
    return f"{why} ({unlooked:,} not looked for since the restore)" if unlooked else why


async def over(session: AsyncSession, ways: Iterable[Way]) -> None:
    """These ways are used again, and so their systems."""
    for system, environment in {(way.system, way.environment) for way in ways}:
        theirs = col(GapLook.system) == system, col(GapLook.environment) == environment
        await _run(session, delete(GapLook).where(*theirs))


async def _run(session: AsyncSession, statement: Any, **values: Any) -> Any:
    return await (await session.connection()).execute(statement, values)
