"""A clock that jumps: the programs that load it see another time on the wall, as a test says, while they run."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.preloaded import preloaded

SOURCE = Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class JumpingClock:
    """The clock of whatever runs with `surroundings`."""

    place: Path

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of a program that shall see it."""
        return {"LD_PRELOAD": str(self.place / "clock.so"), "CLOCK_OFF_BY": str(self.place / "off-by")}

    def jump(self, seconds: int) -> None:
        """From now on it is so far ahead of the true time, or behind it."""
        with (self.place / "off-by").open("r+b") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))


@pytest.fixture
def jumping_clock(tmp_path: Path) -> JumpingClock:
    """A clock that is right, until it jumps."""
    preloaded(SOURCE, tmp_path / "clock.so")
    (tmp_path / "off-by").write_bytes(bytes(8))
    return JumpingClock(tmp_path)
