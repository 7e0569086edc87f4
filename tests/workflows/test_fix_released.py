"""From a mended bot to entries that are in: the group that waited for the version releases itself, and is verified."""

from sqlmodel import col, select

from core import clock
from failure.states import Review
from fallbacks.failure_notices import FailureNotices
from fallbacks.fixes import Fixes
from records import failure_fix
from records.access import Person
from records.bulk_action import BulkAction, BulkState
from records.database import Database
from records.failure_fix import Wish
from records.failure_mark import mark
from records.people import Role
from records.told import Told
from tests.support.failure_cast import NEW, runs, the_group
from tests.support.journey import Journey
from tests.workflows.bulk_cast import failed_entries, targets, until_bulk
from tests.workflows.test_legacy_entry import desk_of


async def waits(journey: Journey) -> None:
    """A supervisor has the group wait for a newer version, and release itself."""
    by = await journey.person(Role.SUPERVISOR)
    lead = Person(id=by, email="lead@example.org", name="Lead", role=Role.SUPERVISOR, session_id="s", kind="browser")
    group = await the_group(journey.database)
    wish = Wish(route="bot", releases_itself=True, seen=mark(group))
    async with journey.database.session() as session:
        await failure_fix.wait(session, group.id, wish, lead, clock.now())


async def beat(database: Database) -> None:
    """Every beat that looks after groups, once."""
    await Fixes(database, 500).run_once(clock.now())
    await FailureNotices(database, 3).run_once(clock.now())


async def test_a_mended_bot_brings_in_what_waited_for_it(desk_journey: Journey) -> None:
    """The first one is sent and verified, then the rest in their order, each once; the group is over and stays so."""
    database = desk_journey.database
    async with desk_of(desk_journey, seats=1) as desk:
        found = await failed_entries(desk_journey, desk, 6)
        await waits(desk_journey)
        await beat(database)
        before = list(desk.entered)
        desk.refuses.clear()
        await runs(database, NEW, 1, clock.now())
        await beat(database)
        await beat(database)
        async with database.session() as session:
            (action,) = (await session.exec(select(BulkAction))).all()
        await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)
        await beat(database)

    group = await the_group(database)
    async with database.session() as session:
        told = set(await session.exec(select(Told.kind).where(col(Told.kind).startswith("failures_"))))
    assert before == []
    assert desk.entered == await targets(desk_journey, found)
    assert (group.review, group.open) == (Review.VERIFIED, 0)
    assert told == {"failures_fix"}
