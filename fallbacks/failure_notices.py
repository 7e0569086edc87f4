"""Tells whoever looks after failures when they are needed: one cause stops many entries, came back, or is over."""

from datetime import datetime

from core.fault_list import every_fault
from records import failure_notice
from records.database import Database
from records.failure import FailureGroup
from systems.registry import SYSTEMS

_SAID = {
    "grown": "{open} {entries} on the {system} fail for one cause. {fault}",
    "regressed": "It is back on the {system}: {open} {entries} fail again for a cause that was over. {fault}",
    "halted": "Sending failed entries of the {system} again stopped by itself; nothing more is sent until you decide.",
    "cured": "It cured itself on the {system}: every entry that failed is in. {fault}",
}


class FailureNotices:
    """The beat that tells of groups, each thing once. `many`: from so many open failures on somebody is needed."""

    def __init__(self, database: Database, many: int) -> None:
        self._database = database
        self._many = many

    async def run_once(self, now: datetime) -> int:
        """Tell what nobody was told yet; how much there was."""
        async with self._database.session() as session:
            found = await failure_notice.untold(session, self._many, now)
            said = [
                await failure_notice.say(session, group, what, round_, _sentence(group, what), now)
                for group, what, round_ in found
            ]
        return sum(said)


def _sentence(group: FailureGroup, what: str) -> str:
    known = every_fault().get(group.code)
    title = SYSTEMS[group.system].title if group.system in SYSTEMS else group.system
    return _SAID[what].format(
        open=f"{group.open:,}",
        entries="entry" if group.open == 1 else "entries",
        system=title[:1].lower() + title[1:],
        fault=known.sentence() if known is not None else group.code,
    )
