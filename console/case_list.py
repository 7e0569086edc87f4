"""Finding cases: filters, sort and search from the address, pages by key, and an honest count."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, String, and_, case, func, literal, or_, text, tuple_
from sqlalchemy import cast as sql_cast
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, Wait, WaitsFor
from core.work_item import NEEDS_PERSON, State
from handoff.states import HandoffState
from records.case import Case
from records.gone import GoneProcess
from records.handoff import Handoff
from records.stuck import BOT
from records.waits import ITEM_WAITS, waits
from records.work_item import WorkItem

PAGE = 50
COUNTED = 10_000
"""Counting further would cost more than the number is worth: above it the page says *more than*."""


class Which(StrEnum):
    """Open cases, closed ones, or both."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class Sort(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"


class Wanted(BaseModel):
    """What the address asks for; empty means no filter. `which` is open, or all when something is searched."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: str = Field("", max_length=200)
    which: Which | None = None
    stage: Stage | None = None
    wait: WaitsFor | None = None
    cause: str = Field("", max_length=40)
    mine: bool = False
    sort: Sort = Sort.NEWEST
    after: str = Field("", max_length=120)

    @property
    def shown(self) -> Which:
        """Which cases are meant."""
        return self.which or (Which.ALL if self.q.strip() else Which.OPEN)

    def query(self, **changes: Any) -> dict[str, str]:
        """These filters as an address's query, with changes; the page key is dropped unless it is one of them."""
        values = {**self.model_dump(mode="json", exclude={"after"}), **changes}
        if values.get("sort") == Sort.NEWEST:
            values["sort"] = ""
        values["mine"] = "1" if values.get("mine") else ""
        return {name: str(value) for name, value in values.items() if value not in (None, "")}

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Wanted":
        """From an address; an empty filter counts as none. Raises Pydantic's ValidationError for a wrong value."""
        return cls.model_validate({name: value for name, value in query.items() if value != ""})


@dataclass(frozen=True)
class Row:
    """A case in the list, with what it waits for (None once it is closed)."""

    case: Case
    wait: Wait | None


@dataclass(frozen=True)
class Page:
    """One page of cases; `counted` stops at COUNTED + 1, `next` is the key of the next page."""

    rows: list[Row]
    counted: int
    next: str

    @property
    def count(self) -> str:
        """The honest count."""
        if self.counted > COUNTED:
            return f"more than {COUNTED:,} cases"
        return f"{self.counted:,} case{'' if self.counted == 1 else 's'}"


async def find(session: AsyncSession, wanted: Wanted, email: str, *, size: int = PAGE) -> Page:
    """The page that `wanted` asks for, as the person with this e-mail address sees it."""
    conditions = _conditions(wanted, email)
    statement = select(Case).where(*conditions, *_beyond(wanted)).order_by(*_order(wanted.sort)).limit(size + 1)
    cases = list(await session.exec(statement))
    counting = select(func.count()).select_from(
        select(literal(1)).select_from(Case).where(*conditions).limit(COUNTED + 1).subquery()
    )
    counted = (await session.exec(counting)).one()
    more, cases = len(cases) > size, cases[:size]
    known = await waits(session, cases)
    rows = [Row(case=found, wait=known.get(found.id)) for found in cases]
    return Page(rows=rows, counted=counted, next=_key(cases[-1], wanted.sort) if more else "")


def _conditions(wanted: Wanted, email: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.shown is Which.OPEN or wanted.wait is not None:
        conditions.append(col(Case.closed_at).is_(None))
    if wanted.shown is Which.CLOSED:
        conditions.append(col(Case.closed_at).is_not(None))
    if wanted.stage is not None:
        conditions.append(col(Case.stage) == wanted.stage)
    if wanted.cause:
        conditions.append(col(Case.cause) == wanted.cause)
    if wanted.wait is not None:
        conditions.append(wait_kind() == wanted.wait.value)
    if wanted.mine:
        conditions.append(or_(col(Case.submitted_by) == email, _held_by(email)))
    if wanted.q.strip():
        conditions.append(_matches(wanted.q.strip()))
    return conditions


def _held_by(email: str) -> ColumnElement[bool]:
    held = or_(col(Handoff.picked_up_by) == email, col(Handoff.completed_by) == email)
    return select(Handoff.id).where(Handoff.case_id == Case.id, held).exists()


def _matches(typed: str) -> ColumnElement[bool]:
    """By any number, name or ticket, each word as a beginning; or by the reference that a bot typed."""
    words = text(
        "cases.search @@ to_tsquery('simple', array_to_string(array(SELECT word || ':*' FROM regexp_split_to_table("
        "trim(regexp_replace(:typed, '[^[:alnum:]]+', ' ', 'g')), ' ') AS word WHERE word <> ''), ' & '))"
    ).bindparams(typed=typed)
    by_reference = select(WorkItem.id).where(WorkItem.case_id == Case.id, WorkItem.reference == typed.upper())
    return or_(words, by_reference.exists()) if typed.upper().startswith("BTN-") else and_(words)


def wait_kind() -> ColumnElement[str]:
    """What an open case waits for, as `records.waits.waits` says it, in SQL so that the list can filter by it.

    A test compares the two over every combination of items and handoffs.
    """
    item = select(WorkItem.id).where(WorkItem.case_id == Case.id, col(WorkItem.ended_at).is_(None))
    active = [HandoffState.OFFERED, HandoffState.PICKED_UP]
    of_case = (Handoff.case_id == Case.id, Handoff.kind != BOT, col(Handoff.state).in_(active))
    handed = select(Handoff.id).where(*of_case).correlate(Case).exists()
    patient = [kind.value for kind in ITEM_WAITS]
    kind = case((col(WorkItem.wait_kind).in_(patient), col(WorkItem.wait_kind)), else_=WaitsFor.NOTHING.value)
    oldest = (
        select(kind)
        .where(WorkItem.case_id == Case.id, col(WorkItem.ended_at).is_(None))
        .order_by(case((and_(handed, kind == WaitsFor.NOTHING.value), 1), else_=0), col(WorkItem.created_at))
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )
    gone = select(GoneProcess.id).where(GoneProcess.case_id == Case.id, col(GoneProcess.over_at).is_(None))
    return case(
        (gone.exists(), WaitsFor.PERSON.value),
        (item.where(col(WorkItem.state).in_(list(NEEDS_PERSON))).exists(), WaitsFor.PERSON.value),
        (item.where(col(WorkItem.state) == State.UNKNOWN).exists(), WaitsFor.LOOK.value),
        (and_(item.exists(), or_(~handed, oldest != WaitsFor.NOTHING.value)), oldest),
        (and_(handed, col(Case.stage) == Stage.WITH_SERVICE), WaitsFor.PERSON.value),
        else_=sql_cast(col(Case.wait_kind), String),
    )


def _order(sort: Sort) -> tuple[Any, ...]:
    if sort is Sort.DUE:
        return col(Case.due_at).asc().nulls_last(), col(Case.id).asc()
    if sort is Sort.OLDEST:
        return col(Case.opened_at).asc(), col(Case.id).asc()
    return col(Case.opened_at).desc(), col(Case.id).desc()


def _key(last: Case, sort: Sort) -> str:
    moment = last.due_at if sort is Sort.DUE else last.opened_at
    return f"{moment.isoformat() if moment else ''}~{last.id}"


def _beyond(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The rows after the page's key; a key that is none is taken for the first page."""
    moment, _, identity = wanted.after.partition("~")
    try:
        last = uuid.UUID(identity)
        at = datetime.fromisoformat(moment) if moment else None
    except ValueError:
        return []
    if wanted.sort is Sort.DUE:
        without = and_(col(Case.due_at).is_(None), col(Case.id) > last)
        if at is None:
            return [without]
        later = tuple_(col(Case.due_at), col(Case.id)) > tuple_(literal(at), literal(last))
        return [or_(later, col(Case.due_at).is_(None))]
    place, mark = tuple_(col(Case.opened_at), col(Case.id)), tuple_(literal(at), literal(last))
    return [place > mark if wanted.sort is Sort.OLDEST else place < mark]
