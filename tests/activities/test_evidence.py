"""What a try leaves behind: rows for what was kept, markers for what could not be; the entry goes on either way."""

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.perform import Perform, Performed, PerformItem
from activities.seat import Seats
from baton.seen import checks
from bots.kit.contract import Captured, Job, RouteKey
from core import clock
from core.outcome import Outcome
from fallbacks.retention import EvidenceRetention
from records import evidence_store
from records.database import Database
from records.evidence_cipher import Cipher
from records.evidence_store import EvidenceStore
from records.trail import Evidence
from systems.part import DataClass
from tests.activities.test_protocol_races import ON_ITS_WAY, RUNNER, intended
from tests.activities.toy_desk import ToyDesk


class SeenDesk(ToyDesk):
    """A desk whose screens can be captured: a masked picture and what stood under its masks."""

    async def capture(self, taken: str) -> list[Captured]:
        """A picture of 20 kB."""
        shot = Captured(kind="screenshot", taken=taken, name="screen.png", data=b"picture" * 3000, masked=2)
        sealed = b'[{"name": "name", "text": "Greta"}]'
        return [shot.model_copy(update={"data_class": DataClass.PUBLIC, "sealed": sealed})]


class ClickedDesk(SeenDesk):
    """A desk that tells when it is clicked."""

    def __init__(self, shown: dict[str, str]) -> None:
        super().__init__(shown)
        self.clicked = asyncio.Event()

    async def submit(self, job: Job) -> str:
        """Tell it, then enter."""
        self.clicked.set()
        return await super().submit(job)


class BlindDesk(ToyDesk):
    """A desk with a browser whose screen cannot be captured."""

    browser_pid, browser_started = 1, 1.0


class SlowStore(EvidenceStore):
    """A store that takes nothing until the desk was clicked."""

    def __init__(self, folder: Path, clicked: asyncio.Event) -> None:
        folder.mkdir()
        super().__init__(LocalStore(folder), Cipher.of(folder.parent / "evidence.keys"))
        self._clicked = clicked

    async def put(self, path: str, data: bytes, data_class: str = "personal") -> None:
        """As every store does, once there was a click."""
        await self._clicked.wait()
        await super().put(path, data, data_class)


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 kB. Only root may mount one; elsewhere the test of a full bucket speaks for it."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here: it takes root")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def tried(database: Database, desk: ToyDesk, store: EvidenceStore) -> tuple[Performed, list[Evidence]]:
    """One try at an entry, and the evidence rows that it left."""
    item = await intended(database)
    seats = Seats(database, RUNNER, 6)
    perform = Perform(database, {RouteKey("orderdesk", "bot"): desk}, store, seats, RUNNER)
    ended: Performed = await ActivityEnvironment().run(perform.perform, PerformItem(item_id=item.id, fence=item.fence))
    return ended, await rows(database)


async def rows(database: Database) -> list[Evidence]:
    """All evidence rows, in the order of their making."""
    async with database.session() as session:
        return list(await session.exec(select(Evidence).order_by(col(Evidence.path))))


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> tuple[EvidenceStore, list[Evidence]]:
    """What a try that went well left behind."""
    store = EvidenceStore.local(tmp_path / "evidence")
    _, left = await tried(database, SeenDesk({**ON_ITS_WAY}), store)
    return store, left


async def test_what_stood_under_the_masks_is_kept_apart(kept: tuple[EvidenceStore, list[Evidence]]) -> None:
    """A picture and its sealed values are two objects of two classes; the second says of which it is."""
    store, left = kept
    pictures = [row for row in left if row.kind == "screenshot"]
    sealed = [row for row in left if row.kind == "sealed"]

    opened = [await evidence_store.read(store, row) for row in sealed]

    assert {row.data_class for row in pictures} == {"public"}
    assert {row.masked for row in pictures} == {2}
    assert {row.data_class for row in sealed} == {"personal"}
    assert {row.of for row in sealed} == {row.id for row in pictures}
    assert all(b"Greta" in data for data in opened)


@pytest.mark.failure_mode("F50")
async def test_a_full_volume_drops_evidence_and_never_the_entry(
    database: Database, small_volume: Path, tmp_path: Path
) -> None:
    """F50: on a real full file system the entry is made and confirmed; markers say that there was no room."""
    (small_volume / "fill").write_bytes(b"x" * 8000)
    store = EvidenceStore(LocalStore(small_volume), Cipher.of(tmp_path / "evidence.keys"))
    desk = SeenDesk({**ON_ITS_WAY})

    ended, left = await tried(database, desk, store)

    assert ended.outcome is Outcome.DONE
    assert len(desk.clicks) == 1
    assert {row.dropped for row in left if row.kind == "screenshot"} == {"no_room"}
    assert {(row.size, row.sha256) for row in left if row.dropped} == {(0, "")}


async def test_a_screen_that_could_not_be_captured_leaves_a_marker(database: Database, tmp_path: Path) -> None:
    """No picture in time, or none that was masked for sure: a row says so in place of a gap."""
    _, left = await tried(database, BlindDesk({**ON_ITS_WAY}), EvidenceStore.local(tmp_path / "evidence"))

    assert left
    assert {row.dropped for row in left} == {"not_taken"}


async def test_an_entry_does_not_wait_for_its_evidence(database: Database, tmp_path: Path) -> None:
    """A store that is slow with the picture before the click holds the click up by nothing; all is kept at the end."""
    desk = ClickedDesk({**ON_ITS_WAY})

    ended, left = await tried(database, desk, SlowStore(tmp_path / "slow", desk.clicked))

    assert ended.outcome is Outcome.DONE
    assert {row.taken for row in left} == {"before_submit", "after_submit"}
    assert {row.dropped for row in left} == {""}


@pytest.mark.parametrize("sentence", [evidence_store.EMPTY, evidence_store.STRANGE])
async def test_nothing_is_removed_from_another_store(
    database: Database, kept: tuple[EvidenceStore, list[Evidence]], tmp_path: Path, sentence: str
) -> None:
    """A store without one of the last pieces is another one, or not mounted: no row says that a piece was removed."""
    store, left = kept
    another = EvidenceStore.local(tmp_path / "another" / "evidence")
    if sentence is evidence_store.STRANGE:
        await another.put("case/of/another/baton.png", b"a picture", "public")

    removed = await EvidenceRetention(database, another, {"public": 90, "personal": 30}).run_once(
        clock.now() + timedelta(days=91)
    )

    assert removed == 0
    assert all(row.removed_at is None for row in await rows(database))
    assert all([await store.get(row.path) for row in left])
    assert await checks.evidence(another, database)() == sentence
    assert await checks.evidence(store, database)() == ""


async def test_each_class_goes_when_its_days_are_over(
    database: Database, kept: tuple[EvidenceStore, list[Evidence]]
) -> None:
    """After 31 days the personal objects are gone and the masked ones there; after 91 those too; the rows stay."""
    store, left = kept
    retention = EvidenceRetention(database, store, {"public": 90, "personal": 30})
    now = clock.now()

    await store.put("newer/screen.png", b"a picture of today", "public")
    counts = [await retention.run_once(now + timedelta(days=days)) for days in (29, 31, 31, 91)]
    after = await rows(database)

    pictures, sealed = ([row for row in left if row.kind == kind] for kind in ("screenshot", "sealed"))
    assert counts == [0, len(sealed), 0, len(pictures)]
    assert len(after) == len(left)
    assert all(row.removed_at is not None for row in after)
    for row in after:
        with pytest.raises(FileNotFoundError):
            await store.get(row.path)
