"""The pace of a system by the database's time: so many entries a minute, whoever asks, and waiters come one by one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import text

from records import pace
from records.database import Database

KEY = "orderdesk/production"


async def ask(database: Database, per_minute: float, *, urgent: bool = False) -> datetime | None:
    """One process asks for a place."""
    async with database.session() as session:
        return await pace.take(session, KEY, per_minute, urgent=urgent)


async def passes(database: Database, time: timedelta) -> None:
    """So much time goes by: every moment that is kept lies that much further back."""
    async with database.session() as session:
        back = text("UPDATE paces SET next_at = next_at - :time, named_at = named_at - :time")
        await (await session.connection()).execute(back, {"time": time})


async def test_waiters_are_told_to_come_one_after_the_other(database: Database) -> None:
    """One place is free; those who come after are told moments a step apart, in the order in which they asked."""
    first = await ask(database, 6)
    waiting = [await ask(database, 6) for _ in range(3)]

    moments = [moment for moment in waiting if moment is not None]

    assert first is None
    assert len(moments) == 3
    assert all(
        timedelta(seconds=10) < later - earlier < timedelta(seconds=10.5) for earlier, later in pairwise(moments)
    )


async def test_an_urgent_entry_is_told_the_very_next_place(database: Database) -> None:
    """However many wait: the urgent one comes back first."""
    await ask(database, 6)
    waiting = [await ask(database, 6) for _ in range(3)]

    urgent = await ask(database, 6, urgent=True)

    assert urgent == waiting[0]


async def test_no_minute_sees_more_than_its_number(database: Database) -> None:
    """However late or early everybody asks, any sixty seconds hold at most the number of entries that is allowed."""
    taken: list[tuple[datetime, datetime]] = []
    gone = timedelta()
    for tick in range(300):
        asked = datetime.now(UTC) + gone
        if await ask(database, 7) is None:
            taken.append((asked, datetime.now(UTC) + gone))
        pause = timedelta(seconds=(0.3, 2.9, 0.7)[tick % 3])
        await passes(database, pause)
        gone += pause

    eighths = [later[1] - earlier[0] for earlier, later in zip(taken, taken[7:], strict=False)]

    assert len(taken) >= 40
    assert min(eighths) >= timedelta(minutes=1)


async def test_nobody_waits_out_a_pace_that_is_no_longer_kept(database: Database) -> None:
    """With one entry a minute and many waiters, everybody asks again within a minute."""
    await ask(database, 1)
    waiting = [await ask(database, 1) for _ in range(5)]

    latest = max(moment for moment in waiting if moment is not None)

    assert latest <= datetime.now(UTC) + timedelta(minutes=1, seconds=1)
