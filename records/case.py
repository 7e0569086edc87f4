"""The case: what screens and figures read; written by its workflow alone once intake has made it."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Column, Computed, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from core.case import Stage, WaitsFor
from records.base import choice, maybe_moment, moment

_SEARCH = (
    "to_tsvector('simple', regexp_replace(number || ' ' || order_no || ' ' || parcel_no || ' ' || customer_no "
    "|| ' ' || customer_name || ' ' || ticket_no, '[^[:alnum:]]+', ' ', 'g'))"
)
"""Punctuation is dropped on both sides, so that P-88112345, p88112345's parts and names are all found by prefix."""


class Case(SQLModel, table=True):
    """One customer matter.

    `business_key` says what happened (order/parcel/attempt) and is unique per journey; `subject_key` says what it
    happened to (order/parcel) and links the cases about it. `run_ordinal` and `seq` fence the workflow's writes.
    `wait_*` is what the workflow itself waits for; `records/waits.py` joins it with items and handoffs.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("journey", "business_key", name="uq_cases_business_key"),
        Index("ix_cases_search", "search", postgresql_using="gin"),
        Index("ix_cases_loop", "customer_no", "opened_at", postgresql_where="customer_no <> ''"),
        Index("ix_cases_open", "opened_at", postgresql_where="closed_at IS NULL"),
        Index("ix_cases_waits", "stage", "wait_since", postgresql_where="closed_at IS NULL"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    number: str = Field(unique=True)
    journey: str
    journey_version: int = 1
    business_key: str
    subject_key: str = Field(index=True)
    stage: Stage = choice(Stage, index=True)
    order_no: str = ""
    parcel_no: str = ""
    attempt: int = 1
    customer_no: str = ""
    customer_name: str = ""
    tier: str = ""
    cause: str = ""
    ticket_no: str = ""
    outcome: str = ""
    submitted_by: str = ""
    opened_at: datetime = moment(index=True)
    updated_at: datetime = moment()
    closed_at: datetime | None = maybe_moment()
    due_at: datetime | None = maybe_moment(index=True)
    wait_kind: WaitsFor = choice(WaitsFor)
    wait_since: datetime = moment()
    wait_until: datetime | None = maybe_moment()
    wait_mover: str = ""
    wait_about: str = ""
    run_id: str = ""
    run_ordinal: int = 0
    seq: int = Field(default=0, sa_type=BigInteger)
    search: str | None = Field(default=None, sa_column=Column(TSVECTOR, Computed(_SEARCH, persisted=True)))


class CaseRun(SQLModel, table=True):
    """One run of a case's workflow; its ordinal orders the writes of a recovered case after those of its old run."""

    __tablename__ = "case_runs"
    __table_args__ = (UniqueConstraint("case_id", "ordinal", name="uq_case_runs_ordinal"),)

    case_id: uuid.UUID = Field(foreign_key="cases.id", primary_key=True)
    run_id: str = Field(primary_key=True)
    ordinal: int
    first_write_at: datetime = moment()
