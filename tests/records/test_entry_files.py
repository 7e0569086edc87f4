"""Files of plain entry: each row has one fate, repeated rows are seen, also across files, and starts take turns."""

import asyncio
from typing import Any

from sqlmodel import select

from core.clock import now
from records import entry_feed
from records.database import Database
from records.entry_file import EntryFile, FileState
from records.entry_files import Fate
from records.outbox import OutboxRow
from tests.support.entry_cast import counted, kept_file, started


def row(number: int, window: str = "2") -> dict[str, Any]:
    """A new delivery date of one order."""
    return {"order_no": f"{4800000 + number}", "delivery_date": "2026-12-01", "window_code": window}


async def test_every_row_is_counted_once(database: Database) -> None:
    """Good, bad and repeated rows are told apart; the same order with another window is no repetition."""
    file = await kept_file(database, [row(1), None, row(2), row(1), row(1, "3")])

    counts = await counted(database, file)

    assert counts.by_fate == {Fate.NEW: 3, Fate.BAD: 1, Fate.REPEATED: 1}


async def test_a_start_is_one_start_and_leaves_repeated_rows_out(database: Database) -> None:
    """Pressed three times at once: one workflow is asked for, and only the new rows are chosen."""
    file = await kept_file(database, [row(1), row(1), None, row(2)])

    begun = await asyncio.gather(*(started(database, file) for _ in range(3)))

    async with database.session() as session:
        asked = list(await session.exec(select(OutboxRow.workflow_id)))
    assert sorted(begun) == [0, 0, 2]
    assert asked == [f"legacy-entry/{file.id}"]
    assert (await counted(database, file)).by_fate == {Fate.QUEUED: 2, Fate.REPEATED: 1, Fate.BAD: 1}


async def test_rows_that_an_earlier_file_enters_are_known(database: Database) -> None:
    """A file that is only checked counts for nothing; once it is started, its rows are known to the others, and they
    are entered again only when somebody says so."""
    first, second = await kept_file(database, [row(1)]), await kept_file(database, [row(1), row(2)])
    before = await counted(database, second)

    await started(database, first)

    assert before.by_fate == {Fate.NEW: 2}
    assert (await counted(database, second)).by_fate == {Fate.NEW: 1, Fate.KNOWN: 1}
    assert await started(database, second, Fate.KNOWN) == 2


async def test_two_files_with_the_same_rows_do_not_both_enter_them(database: Database) -> None:
    """Started at the same moment, each row is entered by one of them."""
    files = [await kept_file(database, [row(1), row(2)]) for _ in range(3)]

    begun = await asyncio.gather(*(started(database, file) for file in files))

    assert sorted(begun) == [0, 0, 2]


async def test_a_file_without_a_new_row_starts_nothing(database: Database) -> None:
    """Nothing is asked of Temporal, and the file stays as it was checked."""
    file = await kept_file(database, [None])

    begun = await started(database, file)

    async with database.session() as session:
        assert not list(await session.exec(select(OutboxRow)))
        assert (await session.get_one(EntryFile, file.id)).state is FileState.CHECKED
    assert begun == 0


async def test_rows_withdrawn_before_they_began_may_come_again(database: Database) -> None:
    """A withdrawn rest is known to nobody: the same rows in the next file are new."""
    first, second = await kept_file(database, [row(1)]), await kept_file(database, [row(1)])
    await started(database, first)

    async with database.session() as session:
        await entry_feed.note_state(
            session, first.id, FileState.WITHDRAWN, now(), by="ops@example.org", why="wrong file"
        )

    assert (await counted(database, first)).by_fate == {Fate.NOT_BEGUN: 1}
    assert (await counted(database, second)).by_fate == {Fate.NEW: 1}


async def test_an_older_word_changes_nothing(database: Database) -> None:
    """A write that comes late, after a newer one, leaves the file as it stands."""
    file = await kept_file(database, [row(1)])
    early = now()
    await started(database, file)

    async with database.session() as session:
        await entry_feed.note_state(session, file.id, FileState.PAUSED, early, by="late@example.org")

    async with database.session() as session:
        assert (await session.get_one(EntryFile, file.id)).state is FileState.STARTED
