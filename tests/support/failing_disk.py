"""A disk that fails: fsync answers EIO for what lies below a folder while a flag is there, whoever asks."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.preloaded import preloaded

SOURCE = Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class FailingDisk:
    """A folder that everybody may enter, and what makes programs fail on what lies in its `disk`."""

    place: Path

    @property
    def disk(self) -> Path:
        """What lies here cannot be brought to the disk while it fails."""
        return self.place / "disk"

    @property
    def _flags(self) -> Path:
        return self.place / "flags"

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of a program that shall meet it."""
        return {
            "LD_PRELOAD": str(self.place / "shim.so"),
            "FAILING_DISK": str(self.disk),
            "FAILING_FLAGS": str(self._flags),
        }

    def fail(self) -> None:
        """From now on it fails."""
        (self._flags / "fails").touch()

    def fail_once(self) -> None:
        """The next file that is brought to it fails, and no other."""
        (self._flags / "fails-once").touch()

    def fail_names_once(self) -> None:
        """The next folder that is brought to it fails, and no other."""
        (self._flags / "fails-names").touch()

    def mend(self) -> None:
        """It works again."""
        (self._flags / "fails").unlink()


@pytest.fixture
def failing_disk() -> Iterator[FailingDisk]:
    """A disk that works, until it is told to fail."""
    place = Path(tempfile.mkdtemp(prefix="baton-disk-", dir="/tmp"))
    place.chmod(0o755)
    (place / "disk").mkdir(mode=0o755)
    (place / "flags").mkdir()
    (place / "flags").chmod(0o777)  # whoever meets the failure takes the flag away
    preloaded(SOURCE, place / "shim.so")
    yield FailingDisk(place)
    shutil.rmtree(place)
