"""Failures by the million: groups, cases, entries, tries and figures, seeded and written by COPY."""

import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlmodel import SQLModel

from core.case import Stage, WaitsFor
from core.work_item import Kind, Priority, State
from failure.kinds import Standing, class_of
from failure.signature import Signature
from failure.states import Review
from records import failure_counts
from records.case import Case
from records.failure import Failure, FailureGroup
from records.work_item import Attempt, WorkItem, WorkItemRevision

DAYS = 30
"""So long ago the oldest of them failed first."""
OPEN = 0.95
STANDINGS = (
    (Standing.NOT_ENTERED, State.BROKEN),
    (Standing.MAYBE, State.UNKNOWN),
    (Standing.PARTLY, State.BROKEN),
    (Standing.ENTERED, State.WITH_PERSON),
)
OFTEN = (88, 7, 3, 2)
PLACES = (
    ("orderdesk", "mark_failed_delivery", "failed-delivery", "S31 DELIVERY FAILURE"),
    ("orderdesk", "reschedule", "failed-delivery", "S32 NEW DATE"),
    ("orderdesk", "refund", "failed-delivery", "S35 REFUND"),
    ("servicedesk", "open_ticket", "failed-delivery", "New ticket"),
    ("fieldboard", "book", "booking-dispatch", "Board"),
    ("orderdesk", "correct_address", "legacy_entry", "S33 ADDRESS"),
)
CODES = ("element_missing", "input_refused", "status_forbids", "too_slow", "worker_lost", "session_lost", "cannot_tell")
WORDS = "warehouse order parcel address route voucher contract account credit depot carrier slot".split()
RENAMED = {
    "was": {"caption": "Reason code", "name": "reason", "kind": "text", "row": 3},
    "now": {"caption": "Cause", "name": "reason", "kind": "text", "row": 5},
    "moved": True,
}
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = ANY(%(tables)s) AND schemaname = 'public'
       AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
"""Made anew once the rows are in: row by row they would take most of the time."""
_COUNTS = """
    INSERT INTO failure_counts (group_id, journey, tier, standing, held, n)
    SELECT group_id, journey, tier, standing, held, count(*) FROM failures
     WHERE ended_at IS NULL GROUP BY 1, 2, 3, 4, 5;
    INSERT INTO failure_hours (group_id, hour, n)
    SELECT group_id, date_trunc('hour', opened_at), count(*) FROM failures GROUP BY 1, 2;
    UPDATE failure_groups AS g
       SET open = f.open, times = f.n, first_seen = f.first, last_seen = f.last, review_at = f.first
      FROM (SELECT group_id, count(*) AS n, count(*) FILTER (WHERE ended_at IS NULL) AS open,
                   min(opened_at) AS first, max(opened_at) AS last FROM failures GROUP BY 1) AS f
     WHERE f.group_id = g.id
"""


Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """So many failures in so many groups, the greatest of which holds the most; the same seed gives the same rows."""

    failures: int
    groups: int
    seed: int = 2026


class Rows:
    """Makes all rows of one size, as of one time."""

    def __init__(self, size: Size, now: datetime) -> None:
        self._size = size
        self._now = now
        self._dice = random.Random(size.seed)
        self.groups = [self._group(number) for number in range(size.groups)]

    def keep(self, url: str) -> None:
        """Write them all. References between tables are not checked meanwhile: they are right by construction."""
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")
            tables = ["cases", "work_items", "work_item_revisions", "attempts", "failures"]
            indexes = connection.execute(_INDEXES, {"tables": tables}).fetchall()
            for name, _ in indexes:
                connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
            Stamp(FailureGroup).copy(connection, [group.model_dump() for group in self.groups])
            for batch in self._batches(20_000):
                for stamp, rows in zip(STAMPS, zip(*batch, strict=True), strict=True):
                    stamp.copy(connection, rows)
            for _, made in indexes:
                connection.execute(made)
            connection.execute(_COUNTS)
            sum_up = failure_counts.SUM_UP.text.replace(":groups", "%(groups)s")  # psycopg's own way to say it
            connection.execute(sum_up, {"groups": [group.id for group in self.groups]})
            connection.commit()
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE")

    def _group(self, number: int) -> FailureGroup:
        system, operation, _, screen = PLACES[number % len(PLACES)]
        moved, blind = number == 0, number == 2
        code = "element_missing" if moved or blind else CODES[number % len(CODES)]
        said = (
            "" if moved or blind else f"{self._dice.choice(WORDS)} {self._dice.choice(WORDS)} {number:x} not accepted"
        )
        signature = Signature(
            system=system,
            environment="production",
            operation=operation,
            screen=screen,
            step="find" if blind else "enter",
            code=code,
            message=said,
            drift=(RENAMED,) if moved else (),
        )
        return FailureGroup(
            id=self._id(),
            **signature.model_dump(exclude={"drift"}),
            drift=list(signature.drift),
            key=signature.key,
            failure_class=class_of(State.BROKEN, code),
            review=self._dice.choice([Review.NEW, Review.NEW, Review.ACKNOWLEDGED, Review.REGRESSED]),
            owner=self._dice.choice(["", "", "supervisor@example.org"]),
            first_seen=self._now,
            last_seen=self._now,
            review_at=self._now,
        )

    def _batches(self, size: int) -> Iterator[list[tuple[Row, ...]]]:
        shares = [1 / (place + 4) for place in range(len(self.groups))]
        numbers = range(self._size.failures)
        for start in range(0, len(numbers), size):
            many = numbers[start : start + size]
            # Each group has one at least, and the rest falls more often on the first ones.
            chosen = self._dice.choices(range(len(self.groups)), shares, k=len(many))
            yield [self._one(n, n if n < len(self.groups) else group) for n, group in zip(many, chosen, strict=True)]

    def _one(self, number: int, place: int) -> tuple[Row, ...]:
        group, dice = self.groups[place], self._dice
        standing, state = dice.choices(STANDINGS, OFTEN)[0]
        at = self._now - timedelta(seconds=int(dice.triangular(60, DAYS * 86400, 3600)))
        due_at = self._now + timedelta(minutes=dice.randint(-600, 6000)) if dice.random() < 0.6 else None
        over = self._now if dice.random() > OPEN else None
        case = _case(self._id(), number, PLACES[place % len(PLACES)][2], dice.choice("ABC"), at, due_at)
        item = {
            "id": self._id(),
            "case_id": case["id"],
            "system": group.system,
            "operation": group.operation,
            "target_key": case["order_no"],
            "occurrence": case["number"],
            "reference": f"BTN-{number:07}",
            "state": State.DONE if over else state,
            "code": "" if over else group.code,
            "signature": "" if over else group.key,
            "next_look_at": self._now + timedelta(minutes=dice.randint(1, 90)) if state is State.UNKNOWN else None,
            "wait_since": at,
            "created_at": at,
            "updated_at": at,
            "ended_at": over,
        }
        revision = {"item_id": item["id"], "content": {"order_no": case["order_no"]}, "at": at}
        attempt = {"id": self._id(), "item_id": item["id"], "step": group.step, "started_at": at, "code": group.code}
        failure = _failure(self._id(), case, item, group, standing) | {"attempt_id": attempt["id"]}
        if over:
            failure |= {"ended_at": over, "ending": "verified", "ended_by": "baton", "next_look_at": None}
        return case, item, revision, attempt | {"ended_at": at}, failure

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._dice.getrandbits(128), version=4)


class Stamp:
    """Writes rows of one table: what a row does not say is as in the pattern."""

    def __init__(self, table: type[SQLModel], **pattern: Any) -> None:
        self._name = str(table.__tablename__)
        columns = [column for column in table.__table__.columns if column.computed is None]  # type: ignore[attr-defined]
        self._columns = [column.name for column in columns]
        known = {**{name: field.default for name, field in table.model_fields.items()}, **pattern}
        self._pattern = {name: known.get(name) for name in self._columns}

    def copy(self, connection: psycopg.Connection[Any], rows: Iterable[Row]) -> None:
        """Send them."""
        names = sql.SQL(", ").join(sql.Identifier(name) for name in self._columns)
        wanted = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self._name), names)
        with connection.cursor() as cursor, cursor.copy(wanted) as copy:
            for row in rows:
                full = self._pattern | row
                copy.write_row([Jsonb(one) if isinstance(one, dict | list) else one for one in full.values()])


STAMPS = (
    Stamp(Case, stage=Stage.MARKING, wait_kind=WaitsFor.PERSON),
    Stamp(WorkItem, kind=Kind.CHANGE, fence=1, attempts=1),
    Stamp(WorkItemRevision, number=1, content_hash="", author="baton"),
    Stamp(Attempt, number=1, fence=1, bot_version="1", host="bench", outcome="broken"),
    Stamp(Failure, priority=Priority.NORMAL, review=Review.NEW, bot_version="1", times=1),
)


def _case(case_id: uuid.UUID, number: int, journey: str, tier: str, at: datetime, due_at: datetime | None) -> Row:
    return {
        "id": case_id,
        "number": f"FD-{number:06}",
        "journey": journey,
        "business_key": f"bench/{number}",
        "subject_key": f"bench/{number}",
        "order_no": f"{4_700_000 + number}",
        "customer_no": f"C-{number % 50_000:05}",
        "customer_name": f"Customer {number % 50_000}",
        "tier": tier,
        "opened_at": at,
        "updated_at": at,
        "due_at": due_at,
        "wait_since": at,
    }


def _failure(failure_id: uuid.UUID, case: Row, item: Row, group: FailureGroup, standing: Standing) -> Row:
    return {
        "id": failure_id,
        "group_id": group.id,
        "key": group.key,
        "item_id": item["id"],
        "case_id": case["id"],
        **{name: case[name] for name in ("journey", "tier", "customer_no", "due_at")},
        **{name: getattr(group, name) for name in ("code", "failure_class", "screen", "step", "message")},
        "standing": standing,
        "next_look_at": item["next_look_at"],
        "place": item["created_at"],
        "opened_at": item["created_at"],
        "changed_at": item["created_at"],
    }
