"""A service loop, pure: the same customer comes again with the same trouble; the person who takes the case reads it."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

_TIMES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class EarlierCase(BaseModel):
    """A case of the same customer with the same cause; `outcome` says how it ended, "" while it is open."""

    model_config = ConfigDict(frozen=True)

    number: str
    opened_at: datetime
    outcome: str = ""


class LoopFound(BaseModel):
    """What was found within `days` before the case; the oldest first, nothing when it is no loop."""

    model_config = ConfigDict(frozen=True)

    days: int
    earlier: tuple[EarlierCase, ...] = ()

    def sentence(self) -> str:
        """As in "third time in 30 days: FD-000012, FD-000044"; empty when it is no loop."""
        if not self.earlier:
            return ""
        times = len(self.earlier)
        which = _TIMES[times] if times < len(_TIMES) else f"{times + 1}th"
        return f"{which} time in {self.days} days: {', '.join(one.number for one in self.earlier)}"


def begins(opened_at: datetime, days: int) -> datetime:
    """From when on an earlier case belongs to the loop."""
    return opened_at - timedelta(days=days)
