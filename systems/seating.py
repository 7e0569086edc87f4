"""How a system is worked on in one environment: seats, hours and pace; the operator's file says it without code."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from systems.windows import Windows


class Seating(BaseModel):
    """The limits of one system: none by default, and always open.

    `seats` jobs at once at most, over all processes (never more than there are accounts); `entries_per_minute` at most.
    """

    model_config = ConfigDict(frozen=True)

    seats: int | None = Field(None, ge=1)
    entries_per_minute: float | None = Field(None, gt=0, le=6000)
    windows: Windows = Windows()

    def seats_of(self, accounts: int) -> int:
        """How many work at once, of so many accounts."""
        return min(self.seats or accounts, accounts)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The limits as people read them; none when there are none."""
        said = []
        if self.windows.hours:
            hours = ", ".join(map(str, self.windows.hours))
            said.append(f"Works {hours} ({self.windows.time_zone}).")
        if self.windows.holidays:
            said.append("Closed on " + ", ".join(day.isoformat() for day in self.windows.holidays) + ".")
        said += [
            f"Closed from {quiet.begins:%Y-%m-%d %H:%M %Z} to {quiet.ends:%Y-%m-%d %H:%M %Z}: {quiet.about}."
            for quiet in self.windows.upkeep
        ]
        if self.entries_per_minute is not None:
            said.append(f"Takes at most {self.entries_per_minute:g} entries a minute.")
        if self.seats is not None:
            said.append(f"At most {self.seats} {'job' if self.seats == 1 else 'jobs'} at once.")
        return tuple(said)


class SeatingRefused(ValueError):
    """The operator's file cannot be used; the message says where and why."""


_OF_WINDOWS = ("time_zone", "hours", "holidays", "upkeep")
KEYS = frozenset({"seats", "entries_per_minute", "hours", "holidays", "upkeep"})
"""Settings of an environment in the operator's file that are read here, and nowhere else."""


class Seatings:
    """The seating of every system, as the operator's file says it now: a changed file counts from the next question.

    The file holds a table for each system and environment, as `[orderdesk.production]`; what it does not name is as
    `Seating` has it, and keys of others are passed over.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._read_at: int | None = None
        self._tables: dict[str, Any] = {}

    def of(self, system: str, environment: str) -> Seating:
        """The seating now. SeatingRefused when the file cannot be used."""
        table = self.table(system, environment)
        known = {name: table[name] for name in ("seats", "entries_per_minute") if name in table}
        windows = {name: table[name] for name in _OF_WINDOWS if name in table}
        try:
            return Seating.model_validate({**known, "windows": windows})
        except ValidationError as trouble:
            error = trouble.errors()[0]
            where = ".".join(str(part) for part in error["loc"] if part != "windows")
            message = f"[{system}.{environment}] {where}: {error['msg'].removeprefix('Value error, ')}"
            raise SeatingRefused(message) from None

    def known(self, system: str, environment: str) -> Seating:
        """The seating now, or no limits when the file cannot be used: for what itself enters nothing."""
        try:
            return self.of(system, environment)
        except SeatingRefused:
            return Seating()

    def table(self, system: str, environment: str) -> dict[str, Any]:
        """All that the file says of it. SeatingRefused when the file cannot be used."""
        self._refresh()
        of_system = self._tables.get(system, {})
        table = of_system.get(environment, {}) if isinstance(of_system, dict) else {}
        return table if isinstance(table, dict) else {}

    def named(self) -> list[tuple[str, str]]:
        """The systems and environments that the file names. SeatingRefused when it cannot be used."""
        self._refresh()
        tables = ((system, table) for system, table in self._tables.items() if isinstance(table, dict))
        return [(system, name) for system, table in tables for name in table if isinstance(table[name], dict)]

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._read_at:
                self._tables = tomllib.loads(self._path.read_text(encoding="utf-8"))
                self._read_at = changed
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
            raise SeatingRefused(f"{self._path} cannot be read: {trouble}") from None
