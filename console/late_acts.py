"""What may wait when Temporal is away, and what is refused then, with the sentence: one table over every Update."""

from typing import NamedTuple


class Late(NamedTuple):
    """One act: what it is called, and why it is not kept; without a reason it waits and is delivered later."""

    title: str
    not_kept: str = ""


_PICKED = "Who takes what is settled at once: by then somebody else may have it."
_NOW = "It is about this moment, and would come at one that nobody chose."
LATE: dict[tuple[str, str], Late] = {
    ("case", "withdraw"): Late("Withdrawal"),
    ("case", "correct_order"): Late("Corrected order number"),
    ("case", "confirm_order"): Late("Order number confirmed"),
    ("case", "answer_return"): Late("Answer to what was returned"),
    ("case", "review_proposal"): Late("Decision about a proposal"),
    ("case", "take_back"): Late("Decision taken back", "It counts only until a bot begins, so it cannot wait."),
    ("handoff", "pick_up"): Late("Picked up", _PICKED),
    ("handoff", "take_up"): Late("Taken up again", _PICKED),
    ("handoff", "acknowledge"): Late("Escalation acknowledged", "It goes on until it is heard."),
    ("handoff", "assign"): Late("Offer to a colleague", _PICKED),
    ("handoff", "release"): Late("Put back"),
    ("handoff", "return_it"): Late("Returned"),
    ("handoff", "transfer"): Late("Transfer"),
    ("handoff", "ask"): Late("Question"),
    ("handoff", "answer"): Late("Message to the customer"),
    ("handoff", "reply"): Late("Answer to a question"),
    ("handoff", "come_back"): Late("Put aside"),
    ("handoff", "note"): Late("Note"),
    ("handoff", "complete"): Late("Decision"),
    ("item", "retry"): Late("Retry"),
    ("item", "correct"): Late("Correction"),
    ("item", "reroute"): Late("Another way"),
    ("item", "discard"): Late("Given up"),
    ("item", "done_by_hand"): Late("Entry by hand"),
    ("item", "give_back"): Late("Given back to the bot", "The screen is read at once, and what it shows decides."),
    ("item", "take_over"): Late("Taken over", _PICKED),
    ("item", "approve"): Late("Approval of the filled form"),
    ("item", "run_now"): Late("Entry outside the hours", _NOW),
    ("bulk", "approve"): Late("Approval of a bulk action"),
    ("bulk", "decline"): Late("Refusal of a bulk action"),
    ("bulk", "release_anyway"): Late("Emergency release", _NOW),
    ("bulk", "pause"): Late("Pause"),
    ("bulk", "go_on"): Late("Resumption"),
    ("bulk", "cancel"): Late("Cancellation"),
    ("legacy-entry", "pause"): Late("Pause"),
    ("legacy-entry", "resume"): Late("Resumption"),
    ("legacy-entry", "withdraw_rest"): Late("Withdrawal of the other rows"),
}
"""By the kind of workflow and the Update's name. An Update that is not here is not sent (a test compares)."""

_KINDS = ("handoff", "item", "bulk", "legacy-entry")


def late(workflow_id: str, update: str) -> Late:
    """How this Update of this workflow is treated while Temporal is away."""
    kind = workflow_id.partition("/")[0]
    return LATE[kind if kind in _KINDS else "case", update]
