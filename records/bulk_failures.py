"""Which failures a bulk action covers, in their original order, and as they stand at this moment."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import State
from records.bulk import MOST


class Selection(BaseModel):
    """What is selected: a group, single failures or entries by id, or a line by its hold; of those, what the rest says.

    `late` is about what was due already: "" leaves it apart, "with" covers it too, "only" covers nothing else.
    """

    model_config = ConfigDict(frozen=True)

    group: uuid.UUID | None = None
    behind: uuid.UUID | None = None
    ids: tuple[uuid.UUID, ...] = Field((), max_length=2000)
    due_before: datetime | None = None
    tier: str = Field("", max_length=40)
    journey: str = Field("", max_length=60)
    standing: str = Field("", max_length=20)
    held: str = Field("", pattern="^(yes|no)?$")
    late: str = Field("", pattern="^(with|only)?$")

    def words(self) -> dict[str, Any]:
        """What is set of it, as it is kept."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Candidate(NamedTuple):
    """One failure of the selection with its entry as it stands; `busy` is the title of another action that has it.

    Who stands in a line has no failure: `failure_id` is the entry's own then, and only tells it from the others.
    A tuple in the order of the columns: ten thousand are made while somebody waits for the page.
    """

    failure_id: uuid.UUID
    group_id: uuid.UUID | None
    item_id: uuid.UUID
    case_id: uuid.UUID | None
    changed_at: datetime
    due_at: datetime | None
    tier: str
    held: bool
    owner: str
    stands: str
    code: str
    reference: str
    target: str
    system: str
    environment: str
    operation: str
    next_look_at: datetime | None
    holder: str | None
    holder_id: uuid.UUID | None
    held_until: datetime | None
    busy: str | None

    @property
    def state(self) -> State:
        """Where its entry stands."""
        return _STATES[self.stands]


_STATES = {state.value: state for state in State}
_COLUMNS = """
    SELECT failures.id AS failure_id, failures.group_id, failures.item_id, failures.case_id, failures.changed_at,
           failures.due_at, failures.tier, failures.held, failures.owner, items.state, items.code, items.reference,
           items.target_key AS target, items.system, items.environment, items.operation,
           coalesce(items.next_look_at, failures.next_look_at) AS next_look_at, users.name AS holder,
           users.id AS holder_id, items.held_until, busy.title AS busy
      FROM failures JOIN work_items AS items ON items.id = failures.item_id
      LEFT JOIN users ON users.id = items.held_by AND items.held_until > clock_timestamp()
      LEFT JOIN LATERAL (
           SELECT actions.title FROM bulk_items AS things JOIN bulk_actions AS actions ON actions.id = things.bulk_id
            WHERE things.item_id = failures.item_id AND things.state IN ('waiting', 'sent') LIMIT 1) AS busy ON true
"""
_IN_ORDER = "ORDER BY failures.place, failures.id LIMIT :most"


async def candidates(session: AsyncSession, wanted: Selection) -> list[Candidate]:
    """The failures of the selection, oldest entry first, at most MOST; those chosen by id also when they are over."""
    conditions, values = _conditions(wanted)
    statement = text(f"{_COLUMNS} WHERE {' AND '.join(conditions)} {_IN_ORDER}")
    rows = await (await session.connection()).execute(statement, {**values, "most": MOST})
    return [Candidate._make(row) for row in rows]


def _conditions(wanted: Selection) -> tuple[list[str], dict[str, Any]]:
    """What the rows must be like. Every text is ours; what people chose goes in as values."""
    chosen: list[tuple[str, str, Any]] = [
        ("failures.group_id = :grp", "grp", wanted.group),
        ("failures.due_at < :due_before", "due_before", wanted.due_before),
        ("failures.tier = :tier", "tier", wanted.tier),
        ("failures.journey = :journey", "journey", wanted.journey),
        ("failures.standing = :standing", "standing", wanted.standing),
        ("failures.held = :held", "held", {"yes": True, "no": False}.get(wanted.held)),
    ]
    set_ = [(condition, name, value) for condition, name, value in chosen if value not in (None, "")]
    conditions, values = [one[0] for one in set_], {name: value for _, name, value in set_}
    if wanted.ids:
        conditions.append("(failures.id = ANY(:ids) OR (failures.item_id = ANY(:ids) AND failures.ended_at IS NULL))")
        values["ids"] = list(wanted.ids)
    else:
        conditions.append("failures.ended_at IS NULL")
    if not wanted.ids and wanted.group is None:
        conditions.append("false")  # a selection of nothing is no selection of everything
    return conditions, values


_SPEED = text(
    """
    SELECT avg(seconds) FROM (
      SELECT extract(epoch FROM attempts.ended_at - attempts.started_at) AS seconds
        FROM attempts JOIN work_items AS items ON items.id = attempts.item_id
       WHERE items.system = :system AND items.environment = :environment AND items.operation = :operation
         AND items.state = 'done' AND attempts.purpose = 'enter' AND attempts.outcome = 'done'
       ORDER BY items.updated_at DESC LIMIT 50) AS lately
    """
)


async def seconds_each(session: AsyncSession, of: Candidate) -> float | None:
    """How long an entry of this kind took lately, in seconds; None when none was made yet."""
    values = {"system": of.system, "environment": of.environment, "operation": of.operation}
    found = (await (await session.connection()).execute(_SPEED, values)).scalar_one_or_none()
    return float(found) if found is not None else None


def fingerprint(covered: Sequence[Candidate]) -> str:
    """What a page showed, so that a stale one is told from the truth: how many there were, and which."""
    seen = uuid.uuid5(uuid.NAMESPACE_OID, ",".join(str(one.failure_id) for one in covered))
    return f"{len(covered)}:{seen.hex[:12]}"
