"""A folder of evidence whose disk fails: nothing is acknowledged, and no half piece stays."""

from pathlib import Path

import pytest

from tests.support.failing_disk import FailingDisk, failing_disk
from tests.support.processes import Program

__all__ = ["failing_disk"]

PUTS = """
import asyncio, pathlib, sys
from records.evidence_store import EvidenceStore, why_dropped

async def main():
    store = EvidenceStore.local(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    for path in sys.argv[3:]:
        try:
            await store.put(path, b"a picture", "public")
            print("kept", path)
        except OSError as error:
            print("dropped", path, why_dropped(error), error.strerror)

asyncio.run(main())
"""


def put(disk: FailingDisk, *paths: str) -> list[str]:
    """What a process says of each piece that it puts there."""
    folder, keys = disk.disk / "evidence", disk.place / "evidence.keys"
    with Program("-c", PUTS, str(folder), str(keys), *paths, env=disk.surroundings) as program:
        assert program.end() == 0, program.said
    return program.said


def left(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


@pytest.mark.failure_mode("F51")
def test_what_the_disk_does_not_take_is_not_kept(failing_disk: FailingDisk) -> None:
    """F51: fsync fails, for the piece or for its name: not acknowledged, nothing under its path; then it can be put."""
    first = put(failing_disk, "case/1/first.png")
    failing_disk.fail()
    refused = put(failing_disk, "case/1/second.png", "case/2/third.png")
    failing_disk.mend()
    failing_disk.fail_once()
    again = put(failing_disk, "case/1/second.png", "case/1/second.png")
    failing_disk.fail_names_once()
    names = put(failing_disk, "case/1/third.png", "case/1/third.png")

    no = "store_away Input/output error"
    assert first == ["kept case/1/first.png"]
    assert refused == [f"dropped case/1/second.png {no}", f"dropped case/2/third.png {no}"]
    assert again == [f"dropped case/1/second.png {no}", "kept case/1/second.png"]
    assert names == [f"dropped case/1/third.png {no}", "kept case/1/third.png"]
    assert left(failing_disk.disk) == ["first.png", "second.png", "third.png"]
