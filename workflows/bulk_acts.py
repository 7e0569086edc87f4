"""What a bulk action starts with, and what people may say to it: one frozen model for each Update."""

import uuid

from pydantic import BaseModel, ConfigDict, Field

from activities.bulk import Proof
from workflows.acts import Act


class BulkStart(BaseModel):
    """How it is to be carried out; what is acted on stands in the records. The last four go from run to run."""

    model_config = ConfigDict(frozen=True)

    bulk_id: uuid.UUID
    asked_by: str
    canary: bool = False
    proof: Proof = Proof.TOLD
    rate_per_minute: int = 0
    in_flight: int = 8
    stop_after: int = 0
    needs_approval: bool = False
    answer_minutes: int = 15
    begun: bool = False
    proven: bool = False
    paused: bool = False
    cancelled: bool = False


class BulkEnd(BaseModel):
    """How it ended: everything was sent, or the rest was cancelled."""

    model_config = ConfigDict(frozen=True)

    state: str


class CancelBulk(Act):
    """Send nothing more, with a reason."""

    reason: str = Field("", max_length=500)


class DeclineBulk(Act):
    """Say no to a request for approval."""

    reason: str = Field(min_length=3, max_length=500)


class ReleaseAnyway(Act):
    """Begin without approval, since nobody is there who could give it."""

    reason: str = Field(min_length=3, max_length=500)
