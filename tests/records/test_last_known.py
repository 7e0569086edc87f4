"""What was last read of a record: the newest reading stays, and what nobody read anew goes."""

from datetime import UTC, datetime, timedelta

from fallbacks.retention import WordsRetention
from records import last_known
from records.database import Database
from records.last_known import KEPT, Record

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = Record(system="orderdesk", what="order", key="4700101")


async def test_a_reading_that_comes_late_does_not_hide_a_newer_one(database: Database) -> None:
    """Two bots read one record and are kept in the wrong order: what was read last is what is known."""
    async with database.session() as session:
        await last_known.keep(session, ORDER, {"status": "30"}, NOW - timedelta(hours=1))
        await last_known.keep(session, ORDER, {"status": "40"}, NOW)
        await last_known.keep(session, ORDER, {"status": "35"}, NOW - timedelta(minutes=1))

    async with database.session() as session:
        known = await last_known.find(session, ORDER)
        other = await last_known.find(session, ORDER.model_copy(update={"environment": "test"}))
    assert known is not None
    assert (known.fields, known.read_at, other) == ({"status": "40"}, NOW, None)


async def test_what_nobody_read_anew_is_forgotten(database: Database) -> None:
    """After its time a record's values go, and newer ones stay."""
    newer = ORDER.model_copy(update={"key": "4700102"})
    async with database.session() as session:
        await last_known.keep(session, ORDER, {"status": "30"}, NOW - KEPT - timedelta(minutes=1))
        await last_known.keep(session, newer, {"status": "30"}, NOW - KEPT + timedelta(minutes=1))

    removed = await WordsRetention(database, told_days=90, mail_days=365).run_once(NOW)

    async with database.session() as session:
        left = [await last_known.find(session, one) is not None for one in (ORDER, newer)]
    assert (removed, left) == (1, [False, True])
