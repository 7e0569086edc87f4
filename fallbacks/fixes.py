"""The fix that a group of failures waits for is deployed: the group says so, and releases itself if it was told to."""

from datetime import datetime

from records import failure_fix, failure_notice
from records.database import Database
from records.failure_snooze import asleep
from systems.registry import SYSTEMS


class Fixes:
    """The beat that looks whether what groups wait for runs; each group in a transaction of its own, and once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Look at every group that waits, once; for how many the fix is there."""
        async with self._database.session() as session:
            waiting = await failure_fix.waiting(session)
        found = 0
        for group_id in waiting:
            async with self._database.session() as session:
                arrived = await failure_fix.arrive(session, group_id, now)
                if arrived is None:
                    continue
                found += 1
                group, come = arrived
                if not asleep(group, now):
                    title = SYSTEMS[group.system].title if group.system in SYSTEMS else group.system
                    next_ = "They are sent again: one first, then the rest." if group.releases_itself else ""
                    said = f"{title}: {come}. {group.open:,} failures waited for it. {next_}".strip()
                    await failure_notice.say(session, group, "fix", group.review_at.isoformat(), said, now)
        return found
