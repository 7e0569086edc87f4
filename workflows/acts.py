"""What people can do to a running case or work item: one frozen model for each Update."""

import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.outcome import keepable
from handoff.resolution import Resolution

QUEUE = "baton"
"""Task queue of the Temporal worker: workflows, records and mail. Bots poll queues of their own."""


class Act(BaseModel):
    """Who acts. The workflow's activity reads the person's role again; nothing else here is believed.

    `in_bulk`: it is one of many, so nobody who has the thing is overruled, whoever acts.
    Any program can send an Update, so texts come without what cannot be kept, whatever a form has checked. `shown` is
    what the page said on which it was done (handoff/shown.py): a handoff refuses an act on something else.
    """

    model_config = ConfigDict(frozen=True)

    by: uuid.UUID
    in_bulk: bool = False
    shown: dict[str, str] = Field(default_factory=dict, max_length=40)

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, sent: Any) -> Any:
        return keepable(sent)


class Release(Act):
    """Put a picked-up case back into its queue."""

    reason: str = Field("", max_length=1000)


class Resolve(Act):
    """A decision on a handed-over case; keyed and told by Baton. `urgent`: keyed before what others wait for.

    `takes`: a case that nobody has is picked up for it, as where many are decided together.
    """

    resolution: Resolution
    urgent: bool = False
    takes: bool = False


class CorrectOrder(Act):
    """The submitter's correction of an order number that the system does not know."""

    order_no: str
    parcel_no: str


class AnswerReturn(Act):
    """The submitter's answer to what service returned."""

    answer: str = Field(min_length=3, max_length=1000)


class WithdrawCase(Act):
    """The starter takes the case back, with a reason."""

    reason: str = Field(min_length=3, max_length=500)


class ReviewProposal(Act):
    """A person's word on other content that arrived under the same business key."""

    submission_id: uuid.UUID
    accept: bool


class RetryItem(Act):
    """Try a failed work item again; `through_hold`: also while its operation is held for a group of failures."""

    through_hold: bool = False


class CorrectItem(Act):
    """New content for a failed work item, then try it again."""

    content: dict[str, Any]
    why: str = ""


class RerouteItem(Act):
    """Another way for a work item: a route of its system, or "person"; then perhaps a `queue` or one person (`to`)."""

    route: str = Field(min_length=1, max_length=40)
    reason: str = Field("", max_length=500)
    queue: str = Field("", max_length=40)
    to: str = Field("", max_length=200)


class DoneByHand(Act):
    """Somebody keyed it by hand: the screen is searched, and only what is found there counts."""

    confirmation: str = Field(min_length=1, max_length=80)


class TakeOver(Act):
    """Keep the bots away from a work item: a person keys it, and has it for a while."""


class GiveBack(Act):
    """Let a bot go on with a work item, after a look at the screen.

    Where the screen shows something else than before and than ours, `truth` says which of them counts, and `seen` what
    the person was shown: on a screen that shows other values by then the word does not count.
    """

    truth: Literal["", "screen", "ours"] = ""
    seen: dict[str, str] = {}
    why: str = Field("", max_length=500)


class ApproveFilled(Act):
    """Let a watched work item be submitted, filled exactly with these `values`."""

    values: dict[str, str]


class DiscardItem(Act):
    """Give a work item up, with a reason; the case goes on without it."""

    reason: str = Field(min_length=3, max_length=500)


class RunNow(Act):
    """Enter a deferred work item outside the working hours of its system."""

    reason: str = Field(min_length=3, max_length=500)


class WithdrawRest(Act):
    """Begin no further row of a file, with a reason."""

    reason: str = Field(min_length=3, max_length=500)


class Told(BaseModel):
    """What an Update answers: the sentence that the person reads.

    `kept`: nothing has answered yet; Baton keeps the act and delivers it later. No workflow says that.
    """

    model_config = ConfigDict(frozen=True)

    message: str
    kept: bool = False
