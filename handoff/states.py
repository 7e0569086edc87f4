"""Where a handoff stands, and the legal arrows between its states."""

from enum import StrEnum


class HandoffState(StrEnum):
    """A handoff is offered, picked up, and completed; or released to the queue, returned to its giver, or withdrawn."""

    OFFERED = "offered"
    PICKED_UP = "picked_up"
    COMPLETED = "completed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


ARROWS: dict[HandoffState, frozenset[HandoffState]] = {
    HandoffState.OFFERED: frozenset({HandoffState.PICKED_UP, HandoffState.WITHDRAWN}),
    HandoffState.PICKED_UP: frozenset(
        {HandoffState.OFFERED, HandoffState.COMPLETED, HandoffState.RETURNED, HandoffState.WITHDRAWN}
    ),
    HandoffState.COMPLETED: frozenset(),
    HandoffState.RETURNED: frozenset(),
    HandoffState.WITHDRAWN: frozenset(),
}

OPEN = (HandoffState.OFFERED, HandoffState.PICKED_UP)
"""Where somebody can still act."""


def may_move(source: HandoffState, target: HandoffState) -> bool:
    """Whether an arrow leads from `source` to `target`."""
    return target in ARROWS[source]
