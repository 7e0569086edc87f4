"""The fix that a group of failures waits for is deployed: the group says so, and releases itself if it was told to."""

import uuid
from datetime import datetime

from records import failure_fix, failure_notice
from records.database import Database
from records.failure_snooze import asleep
from systems.registry import SYSTEMS


class Fixes:
    """The beat that looks whether what groups wait for is there; each group in transactions of its own, and once.

    A release of more than `four_eyes_above` entries waits for approval, as any other bulk action does.
    """

    def __init__(self, database: Database, four_eyes_above: int) -> None:
        self._database = database
        self._four_eyes_above = four_eyes_above

    async def run_once(self, now: datetime) -> int:
        """Look at every group that waits, once; for how many the fix is there."""
        async with self._database.session() as session:
            waiting = await failure_fix.waiting(session)
        found = [await self._arrived(group_id, now) for group_id in waiting]
        async with self._database.session() as session:
            ready = await failure_fix.to_release(session)
        for group_id in ready:
            async with self._database.session() as session:
                await failure_fix.release(session, group_id, self._four_eyes_above, now)
        return sum(found)

    async def _arrived(self, group_id: uuid.UUID, now: datetime) -> bool:
        async with self._database.session() as session:
            arrived = await failure_fix.arrive(session, group_id, now)
            if arrived is None:
                return False
            group, come = arrived
            if not asleep(group, now):
                title = SYSTEMS[group.system].title if group.system in SYSTEMS else group.system
                next_ = "They are sent again: one first, then the rest." if group.releases_itself else ""
                said = f"{title}: {come}. {group.open:,} open failures waited for it. {next_}".strip()
                await failure_notice.say(session, group, "fix", group.review_at.isoformat(), said, now)
        return True
