"""The technicians: what each can do, where each drives, and when each is off."""

import random
from dataclasses import dataclass
from datetime import date

SATURDAY = 5
EARLY = ("1", "2")
"""The slots of a Saturday."""


@dataclass(frozen=True)
class Technician:
    """One row of the board. `areas` are the first digits of the postcodes; `always`: no day off but the weekend."""

    code: str
    skills: tuple[str, ...]
    areas: tuple[str, ...]
    always: bool = False
    saturdays: bool = False

    def off(self, day: date, slot: str) -> bool:
        """Whether this technician does not work then; the same answer at every time."""
        if day.weekday() >= SATURDAY:
            return not (self.saturdays and day.weekday() == SATURDAY and slot in EARLY)
        year, week, weekday = day.isocalendar()
        return not self.always and random.Random(f"off {self.code} {year}-{week}").randrange(12) == weekday


ALL = {
    technician.code: technician
    for technician in (
        Technician("101", ("1", "2"), ("2",)),
        Technician("102", ("1",), ("1", "2")),
        Technician("103", ("2", "3"), ("2", "3")),
        Technician("104", ("1", "2", "3"), ("2", "3"), saturdays=True),
        Technician("105", ("3",), ("0", "1")),
        Technician("106", ("1", "4"), ("0", "9")),
        Technician("107", ("2", "4"), ("5", "6")),
        Technician("108", ("1", "3"), ("5", "6", "9")),
        Technician("109", ("1", "2", "3", "4"), tuple("0123456789"), always=True),
        Technician("110", ("1", "2", "3", "4"), tuple("0123456789"), always=True, saturdays=True),
    )
}
