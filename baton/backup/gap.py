"""What a restored store does not know: what was done after its moment. Nobody acts on it before a look has told.

Every system is out of use until somebody resumes it, which nobody can before each entry was looked for. What cannot be
looked for goes to people: entries of operations that are not searchable, and mails that were about to be sent.
"""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from baton.backup.manifest import BackupError
from core.faults import CannotTell
from core.work_item import FINAL, NEEDS_PERSON, State
from fallbacks.health import Health, ways_of
from records import gap_look, health, items
from records.database import Database
from records.items import Move
from records.notice import NoticeState
from records.work_item import WorkItem
from systems.base import PRODUCTION
from systems.registry import SYSTEMS
from systems.way import Way

_DOUBT = text("UPDATE notices SET state = :unknown, code = 'worker_lost' WHERE state IN (:waiting, :sending)")
_NUMBERS = (
    text("SELECT setval('case_numbers', last_value + :skipped) FROM case_numbers"),
    text("SELECT setval('problem_numbers', last_value + :skipped) FROM problem_numbers"),
)
SKIPPED = 1000
"""Numbers that are left out: those given after the backup stand in mails and in other systems, and mean other cases."""
_PEOPLES = [State.NEW, *FINAL, *NEEDS_PERSON]
"""Not begun, over, or with a person already."""


async def hold(url: str, by: str, why: str, now: datetime) -> tuple[int, int]:
    """Hold all bots, and give to people what no look can tell; how many entries are open, how many mails in doubt."""
    database = Database(url, pool_size=2)
    try:
        async with database.session() as session:
            ways = await _every_way(session)
            for item in await _unsearchable(session):
                move = Move(
                    item_id=item.id,
                    fence=item.fence,
                    to=State.WITH_PERSON,
                    event="item.with_person",
                    values={"code": CannotTell.code, "differences": []},
                    bump=True,
                )
                await items.move(session, move, now)
            await gap_look.begin(session, _searchable())
            states = {"unknown": NoticeState.UNKNOWN, "waiting": NoticeState.WAITING, "sending": NoticeState.SENDING}
            doubted = await (await session.connection()).execute(_DOUBT, {k: v.value for k, v in states.items()})
            for skip in _NUMBERS:
                await (await session.connection()).execute(skip, {"skipped": SKIPPED})
            counted = await (await session.connection()).execute(
                text("SELECT count(*) FROM work_items WHERE ended_at IS NULL")
            )
            open_items = int(counted.scalar_one())
        await Health(database).isolate(ways, by=by, why=why)
    finally:
        await database.close()
    return open_items, doubted.rowcount


def _searchable() -> list[tuple[str, str]]:
    return [(name, one) for name in sorted(SYSTEMS) for one, has in SYSTEMS[name].operations.items() if has.searchable]


async def _every_way(session: AsyncSession) -> list[Way]:
    """Of all systems in production, and whatever else was ever heard of."""
    ours = [way for system in sorted(SYSTEMS) for way in ways_of(system, PRODUCTION)]
    return list(dict.fromkeys([*ours, *(one.way for one in await health.standing(session))]))


async def _unsearchable(session: AsyncSession) -> list[WorkItem]:
    """Entries on their way that cannot be looked for: they may have been keyed after the backup."""
    on_their_way = list(await session.exec(select(WorkItem).where(col(WorkItem.state).not_in(_PEOPLES))))
    strange = sorted({item.system for item in on_their_way} - SYSTEMS.keys())
    if strange:
        raise BackupError(f"Entries of {', '.join(strange)} are open, unknown here: set BATON_EXTENSIONS as it was.")
    doubtful = [item for item in on_their_way if item.state is not State.UNKNOWN]
    return [item for item in doubtful if not SYSTEMS[item.system].operations[item.operation].searchable]
