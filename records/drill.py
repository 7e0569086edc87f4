"""Drills: outages that were made on purpose, on systems to try things on, and what they showed."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from records.base import choice, maybe_document, maybe_moment, moment
from systems.drills import Mode

DETECTED_WITHIN, DETECTED_AFTER = 60.0, 5
"""An outage is to be noticed within so many seconds, or after so many tries that failed."""


class DrillState(StrEnum):
    """Where a drill stands."""

    ASKED = "asked"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class Report(BaseModel):
    """What a drill showed. Seconds count from the moment the system was led astray, or back (`back_...`).

    `sent_on`: entries that came to a person, who had each looked for and entered once more where need be;
    `person_codes` says why, and `to_person` is how many are with a person still. `held`: entries that stood in line;
    `drained`: those of them that came to their end. `write_probes`: entries tried or found in the ledger that nobody
    asked for while the way was held. A promise is kept when the entry is in, or with a person, by the time promised.
    """

    model_config = ConfigDict(frozen=True)

    system: str
    mode: Mode
    minutes: float
    items: int
    keys: int
    lost: int = 0
    duplicated: int = 0
    wrong_record: int = 0
    order_kept: bool = True
    out_of_order: list[str] = []
    write_probes: int = 0
    detected_by: str = ""
    detection_seconds: float | None = None
    failures_before_detection: int = 0
    fallback_seconds: float | None = None
    back_seconds: float | None = None
    drained_seconds: float | None = None
    outages: int = 0
    tries_while_away: int = 0
    halts: int = 0
    held: int = 0
    drained: int = 0
    entered: int = 0
    adopted: int = 0
    sent_on: int = 0
    to_person: int = 0
    person_codes: dict[str, int] = {}
    waiting: int = 0
    unknown_resolved: int = 0
    promises_kept: int = 0
    promises_missed: int = 0
    seconds: float = 0.0
    troubles: list[str] = []

    @property
    def in_time(self) -> bool:
        """Whether it was noticed soon enough."""
        noticed = self.detection_seconds is not None and self.detection_seconds <= DETECTED_WITHIN
        return noticed or (bool(self.detected_by) and self.failures_before_detection <= DETECTED_AFTER)

    @property
    def well(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong, in order, no probe that writes, and noticed in time."""
        wrong = self.lost or self.duplicated or self.wrong_record or self.write_probes
        return not wrong and self.order_kept and self.in_time


class Drill(SQLModel, table=True):
    """One drill: who asked for it, where it stands, what it says of itself meanwhile, and what it showed."""

    __tablename__ = "drills"
    __table_args__ = (
        Index("uq_drills_open", text("(true)"), unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_drills_asked", "asked_at", "id"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    mode: Mode = choice(Mode)
    minutes: float
    items: int
    asked_by: str
    asked_at: datetime = moment()
    state: DrillState = choice(DrillState)
    says: str = ""
    seen_at: datetime | None = maybe_moment()
    ended_at: datetime | None = maybe_moment()
    report: dict[str, Any] | None = maybe_document()
