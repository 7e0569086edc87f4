"""What a failed delivery's workflow begins with, the first time or again, and what it ends with."""

import uuid

from pydantic import BaseModel, ConfigDict

from core.work_item import Priority
from handoff.failed_delivery import FailedDeliveryReport


class CaseStart(BaseModel):
    """What intake hands over: the case, and the report that opened it.

    A case that an answer opens again begins another `round`: `reopened` says why, `handoffs` and `ticket_no` what there
    was before, and its entries and mails count anew under `name`.
    """

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    case_number: str
    submitted_by: str
    report: FailedDeliveryReport
    priority: Priority = Priority.NORMAL
    round: int = 1
    reopened: str = ""
    handoffs: int = 0
    ticket_no: str = ""
    recovered: int = 0
    """Which run of it this is, where a run before it was ended outside Baton: it looks before any entry."""

    @property
    def name(self) -> str:
        """The case in this round: what makes a second entry of the same kind another intent."""
        return self.case_number if self.round == 1 else f"{self.case_number}/round{self.round}"

    def again(self, report: FailedDeliveryReport) -> "CaseStart":
        """What another run of it begins with, which looks at what was done before."""
        return self.model_copy(update={"report": report, "recovered": self.recovered + 1})


class CaseEnd(BaseModel):
    """How the case closed."""

    model_config = ConfigDict(frozen=True)

    outcome: str
