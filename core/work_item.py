"""A work item is one intended effect on one legacy system; these are its states and the arrows between them."""

from enum import StrEnum


class Kind(StrEnum):
    """How an operation acts on its system, which decides what *find* can answer; an *amount* adds up (a refund)."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    AMOUNT = "amount"


class Priority(StrEnum):
    """Who goes first when many wait for a seat."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"

    @property
    def key(self) -> int:
        """Temporal's priority key: the lower one goes first."""
        return {"urgent": 1, "normal": 3, "bulk": 5}[self.value]


class State(StrEnum):
    """Where a work item stands. `docs/states.md` draws them; a house test compares the two."""

    NEW = "new"
    READY = "ready"
    RUNNING = "running"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    BROKEN = "broken"
    DEFERRED = "deferred"
    WITH_PERSON = "with_person"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


ARROWS: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.READY, State.WITHDRAWN}),
    State.READY: frozenset({State.RUNNING, State.DEFERRED, State.WITH_PERSON, State.WITHDRAWN, State.BROKEN}),
    State.RUNNING: frozenset(
        {State.SUBMITTING, State.READY, State.DONE, State.REFUSED, State.BROKEN, State.WITH_PERSON}
    ),
    State.SUBMITTING: frozenset({State.DONE, State.RUNNING, State.UNKNOWN, State.REFUSED, State.WITH_PERSON}),
    State.UNKNOWN: frozenset({State.DONE, State.READY, State.WITH_PERSON}),
    State.REFUSED: frozenset({State.READY, State.WITH_PERSON, State.DONE, State.DISCARDED, State.WITHDRAWN}),
    State.BROKEN: frozenset({State.READY, State.WITH_PERSON, State.DONE, State.DISCARDED, State.WITHDRAWN}),
    State.DEFERRED: frozenset({State.READY, State.WITH_PERSON, State.WITHDRAWN}),
    State.WITH_PERSON: frozenset({State.READY, State.DONE, State.DISCARDED, State.WITHDRAWN}),
    State.DONE: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.DISCARDED: frozenset(),
}

FINAL = frozenset(state for state, onward in ARROWS.items() if not onward)
"""States that nothing leaves: the item's workflow has ended."""

NEEDS_PERSON = frozenset({State.REFUSED, State.BROKEN, State.WITH_PERSON})
"""States in which the item waits for a person's Update: these are the failures."""

CORRECTABLE = frozenset({State.READY}) | NEEDS_PERSON
"""States in which a new revision is allowed; never while *unknown*, for nobody has seen what was entered."""


def may_move(source: State, target: State) -> bool:
    """Whether an arrow leads from `source` to `target`."""
    return target in ARROWS[source]
