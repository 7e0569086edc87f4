"""A screen is kept as it was when it was good last; a failure on it says what changed since, whoever wrote the bot."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.perform import Perform, PerformItem
from activities.seat import Seats
from bots.kit.contract import Captured, Route, RouteKey
from core import clock
from core.faults import ElementMissing, TooSlow
from core.outcome import Outcome
from failure.difference import Change, Layout
from fallbacks.retention import EvidenceRetention
from records.database import Database
from records.evidence_store import EvidenceStore
from records.failure import FailureGroup
from records.screen_snapshots import ScreenSnapshot
from records.trail import Evidence
from systems.part import DataClass
from tests.activities.test_protocol_races import ON_ITS_WAY, RUNNER, intended
from tests.activities.toy_desk import Mishap, ToyDesk, raises

SCREEN = "S31 DELIVERY FAILURE"
FORM = [("Status", "status"), ("Reason code", "reason")]


class ScreenDesk(ToyDesk):
    """A desk whose form can be read, and how often it was."""

    screen = SCREEN

    def __init__(self, form: list[tuple[str, str]], version: str = "toy-1", **mishaps: Mishap) -> None:
        super().__init__({**ON_ITS_WAY}, **mishaps)
        self.form, self.version, self.readings = form, version, 0

    async def layout(self) -> Layout:
        """The form as it is."""
        self.readings += 1
        return Layout.of(self.screen, self.form)

    async def capture(self, taken: str) -> list[Captured]:
        """A picture."""
        data = f"{taken} {self.version}".encode()
        return [
            Captured(kind="screenshot", taken=taken, name="s.png", data=data, data_class=DataClass.PUBLIC, masked=1)
        ]


class Process:
    """A bot process on a desk."""

    def __init__(self, database: Database, desk: ScreenDesk, store: EvidenceStore) -> None:
        self._database = database
        routes: dict[RouteKey, Route] = {RouteKey("orderdesk", "bot"): desk}
        self._perform = Perform(database, routes, store, Seats(database, RUNNER, 6), RUNNER)

    async def enters(self) -> Outcome:
        """One entry; how it ended."""
        item = await intended(self._database)
        asked = PerformItem(item_id=item.id, fence=item.fence)
        return (await ActivityEnvironment().run(self._perform.perform, asked)).outcome


async def snapshots(database: Database) -> dict[str, tuple[ScreenSnapshot, Evidence]]:
    """What is kept of the form, by version, with its picture."""
    async with database.session() as session:
        rows = await session.exec(
            select(ScreenSnapshot, Evidence).where(
                Evidence.id == ScreenSnapshot.evidence_id, ScreenSnapshot.screen == SCREEN
            )
        )
        return {snapshot.bot_version: (snapshot, picture) for snapshot, picture in rows}


async def drift_of(database: Database) -> tuple[str, str, list[str]]:
    """The screen of the only group, its code, and what changed of the screen in words."""
    async with database.session() as session:
        group = (await session.exec(select(FailureGroup))).one()
    return group.screen, group.code, [Change.model_validate(one).words for one in group.drift]


async def test_a_good_screen_is_kept_once_an_hour_and_by_version(database: Database, tmp_path: Path) -> None:
    """The first good entry keeps layout and masked picture; the next of that hour asks nothing; a new version anew."""
    store, desk = EvidenceStore.local(tmp_path / "evidence"), ScreenDesk(FORM)
    process = Process(database, desk, store)

    await process.enters()
    readings = desk.readings
    first = await snapshots(database)
    desk.shown = {**ON_ITS_WAY}
    await process.enters()
    again = await snapshots(database)
    await Process(database, ScreenDesk(FORM, "toy-2"), store).enters()
    both = await snapshots(database)

    snapshot, picture = first["toy-1"]
    assert Layout.model_validate(snapshot.layout) == Layout.of(SCREEN, FORM)
    assert (picture.kind, picture.masked, await store.get(picture.path)) == ("screenshot", 1, b"looked toy-1")
    assert desk.readings == readings
    assert again["toy-1"][0].evidence_id == picture.id
    assert set(both) == {"toy-1", "toy-2"}


@pytest.mark.failure_mode("F12")
async def test_a_bot_that_checks_nothing_still_tells_what_changed(database: Database, tmp_path: Path) -> None:
    """F12: a missing element on a screen that was good before names the change, though the bot has no code for it."""
    store = EvidenceStore.local(tmp_path / "evidence")
    await Process(database, ScreenDesk(FORM), store).enters()
    changed = ScreenDesk([("Cause", "reason"), ("Status", "status")], enter=raises(ElementMissing("#reason_code")))

    ended = await Process(database, changed, store).enters()

    assert ended is Outcome.BROKEN
    assert await drift_of(database) == (
        SCREEN,
        "element_missing",
        ['field "Reason code" is now "Cause", moved from row 2 to row 1'],
    )


async def test_what_is_no_changed_screen_is_told_by_its_screen_alone(database: Database, tmp_path: Path) -> None:
    """A slow page says on which screen it was slow, and nothing of its fields."""
    store = EvidenceStore.local(tmp_path / "evidence")
    await Process(database, ScreenDesk(FORM), store).enters()
    slow = ScreenDesk([("Cause", "reason")], enter=raises(TooSlow("fill the form")))

    await Process(database, slow, store).enters()

    assert await drift_of(database) == (SCREEN, "too_slow", [])


async def test_the_last_good_picture_outlives_other_evidence(database: Database, tmp_path: Path) -> None:
    """After 91 days every picture is gone but the newest good one of each screen, by whatever version."""
    store = EvidenceStore.local(tmp_path / "evidence")
    await Process(database, ScreenDesk(FORM, "toy-1"), store).enters()
    await Process(database, ScreenDesk(FORM, "toy-2"), store).enters()
    retention = EvidenceRetention(database, store, {"public": 90})

    await retention.run_once(clock.now() + timedelta(days=91))

    kept = await snapshots(database)
    async with database.session() as session:
        left = [row.id for row in await session.exec(select(Evidence)) if row.removed_at is None]
    assert left == [kept["toy-2"][1].id]
    assert await store.get(kept["toy-2"][1].path) == b"looked toy-2"
