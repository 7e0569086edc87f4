"""How far the review of a failure, or of a group of them, has come."""

from enum import StrEnum


class Review(StrEnum):
    """The states of a review. `docs/states.md` draws them; a house test compares the two."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    WAITING_FOR_FIX = "waiting_for_fix"
    FIX_DEPLOYED = "fix_deployed"
    RETRYING = "retrying"
    VERIFIED = "verified"
    DISMISSED = "dismissed"
    REGRESSED = "regressed"


_OPEN = frozenset({Review.ACKNOWLEDGED, Review.WAITING_FOR_FIX, Review.RETRYING, Review.VERIFIED, Review.DISMISSED})

ARROWS: dict[Review, frozenset[Review]] = {
    Review.NEW: _OPEN,
    Review.ACKNOWLEDGED: _OPEN - {Review.ACKNOWLEDGED},
    Review.WAITING_FOR_FIX: _OPEN - {Review.WAITING_FOR_FIX} | {Review.FIX_DEPLOYED},
    Review.FIX_DEPLOYED: _OPEN,
    Review.RETRYING: _OPEN - {Review.RETRYING},
    Review.VERIFIED: frozenset({Review.REGRESSED}),
    Review.DISMISSED: frozenset({Review.REGRESSED}),
    Review.REGRESSED: _OPEN,
}
"""From what follows what. A group that was over and meets its failure again has regressed."""

OVER = frozenset({Review.VERIFIED, Review.DISMISSED})
"""Nothing of it is open."""


def may_move(source: Review, target: Review) -> bool:
    """Whether an arrow leads from `source` to `target`."""
    return target in ARROWS[source]
