"""The one place that reads the wall clock outside workflows, so that tests can hand in a time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, always with its time zone (UTC)."""
    return datetime.now(UTC)
