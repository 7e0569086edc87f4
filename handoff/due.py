"""By when a handoff is due: a target by the customer's value tier, around the clock until calendars exist."""

from datetime import datetime, timedelta

TARGETS: dict[str, timedelta] = {"A": timedelta(hours=2), "B": timedelta(hours=4), "C": timedelta(hours=8)}
"""Resolution target by value tier."""


def due_at(offered_at: datetime, tier: str) -> datetime:
    """The moment the handoff is due; an unknown tier counts as the lowest."""
    return offered_at + TARGETS.get(tier, TARGETS["C"])
