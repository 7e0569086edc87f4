"""F58: a restored store holds its bots, and gives to people what no look can tell of the time after the backup."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from baton.backup import gap
from baton.backup.manifest import BackupError
from core.work_item import State
from records import health, items
from records.database import Database
from records.intake import hand_in
from records.items import ItemView
from records.notice import Notice, NoticeState
from records.work_item import WorkItem
from systems.registry import SYSTEMS
from systems.way import WayState
from tests.activities.shop import Shop, intent, planned, shop
from tests.support.journey import handed, report_of

__all__ = ["shop"]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.failure_mode("F58")


async def _mail(session: AsyncSession, case_id: uuid.UUID, state: NoticeState) -> Notice:
    notice = Notice(
        case_id=case_id,
        occurrence=f"told/{state.value}",
        recipient="jana@example.org",
        subject="New date",
        body="Dear Jana",
        message_id=f"<{state.value}@example.org>",
        state=state,
        created_at=NOW,
    )
    session.add(notice)
    await session.flush()
    return notice


async def _states(database: Database) -> dict[str, State]:
    async with database.session() as session:
        return {item.operation: item.state for item in await session.exec(select(WorkItem))}


async def test_bots_are_held_and_people_get_what_no_look_can_tell(database_url: str, shop: Shop) -> None:
    """F58: every way is out of use; a fax on its way is for a person, a note waits for a look, a mail is in doubt."""
    database = Database(database_url)
    async with database.session() as session:
        first = await hand_in(session, handed(report_of("4700123")), NOW)
        for state in (NoticeState.WAITING, NoticeState.SENT):
            await _mail(session, first.case_id, state)
    fax: ItemView = await planned(database, intent("fax"))
    await planned(database, intent("note"))

    counted = await gap.hold(database_url, "it", "restored from backup of then", NOW)

    async with database.session() as session:
        standing = await health.standing(session)
        mails = {one.occurrence: one.state for one in await session.exec(select(Notice))}
        after = await items.view(session, fax.id)
        second = await hand_in(session, handed(report_of("4700124")), NOW)
    states = await _states(database)
    await database.close()
    assert counted == (2, 1)
    assert {one.state for one in standing} == {WayState.ISOLATED}
    assert {one.system for one in standing} == set(SYSTEMS)
    assert {one.isolated_why for one in standing} == {"restored from backup of then"}
    assert states == {"fax": State.WITH_PERSON, "note": State.READY}
    assert (after.code, after.fence) == ("cannot_tell", fax.fence + 1)
    assert mails == {"told/waiting": NoticeState.UNKNOWN, "told/sent": NoticeState.SENT}
    assert int(second.case_number[3:]) > int(first.case_number[3:]) + gap.SKIPPED


async def test_entries_of_a_system_that_is_not_loaded_are_no_guess(
    database_url: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F58: whether they can be looked for is not known, and nobody would hold its bots: refused, with what to set."""
    database = Database(database_url)
    await planned(database, intent("note"))
    await database.close()
    monkeypatch.delitem(SYSTEMS, "shop")

    with pytest.raises(BackupError, match="Entries of shop are open, unknown here: set BATON_EXTENSIONS"):
        await gap.hold(database_url, "it", "restored from backup of then", NOW)
