"""What every fault is, and the four kinds that a step on a system can come to grief by; the list is in `faults.py`."""

from datetime import datetime
from typing import Any, ClassVar

from core.outcome import Difference, Outcome, keepable


class Fault(Exception):
    """Something went wrong.

    A subclass's docstring is its message: fixed, free of values from the screen, so that it may stand in Temporal and
    in a log. What was met in detail goes into `detail` (kept in the records only) and into evidence by reference.
    """

    code: ClassVar[str] = "fault"
    outcome: ClassVar[Outcome] = Outcome.BROKEN

    def __init__(self, detail: str = "", *, evidence: tuple[str, ...] = ()) -> None:
        super().__init__(self.sentence())
        self.detail: str = keepable(detail)
        self.evidence = evidence
        self.differences: list[Difference] = []
        """The fields that stood against it, where the fault is about values."""
        self.seen: dict[str, str] = {}
        """The record that stood against it, as the screen showed it."""
        self.screen: str = ""
        """The screen it was met on, as people call it."""
        self.drift: list[dict[str, Any]] = []
        """What changed of that screen, as `failure.difference` puts it."""

    @classmethod
    def sentence(cls) -> str:
        """The fixed sentence people read."""
        return " ".join((cls.__doc__ or cls.code).split())


class Refused(Fault):
    """The system said no: a person must look."""

    code = "refused"
    outcome = Outcome.REFUSED


class Broken(Fault):
    """The system could not be used: it may work when tried again."""

    code = "broken"


class NotYet(Fault):
    """It cannot be done at this moment; nothing was tried."""

    code = "not_yet"
    outcome = Outcome.NOT_YET
    until: datetime | None = None
    """When to come back, where that is known."""


class Unknown(Fault):
    """It may have been entered and nobody has seen whether: look before anything else."""

    code = "unknown"
    outcome = Outcome.UNKNOWN
