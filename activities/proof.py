"""Proving that nothing acts for a try any more: only then does a look at the screen say anything."""

import uuid

import structlog

from bots.kit.processes import kill_tree, lives
from core.faults import BrowserInDoubt
from records import attempts
from records.attempts import Runner, place
from records.database import Database
from records.work_item import Attempt

log = structlog.get_logger(__name__)

AT_WORK: set[uuid.UUID] = set()
"""The tries that this very process works at now."""

THE_MACHINES_OWN = "pid:[4026531836]"
"""The process space of a machine itself, on every Linux; a container has another one."""


class Proof:
    """Says of an item whether all that ever acted for it is dead, and kills what of it lives here."""

    def __init__(self, database: Database, here: Runner) -> None:
        self._database = database
        self._here = here

    async def nothing_acts(self, item_id: uuid.UUID) -> bool:
        """Whether no doubtful try of the item can click any more; since when is kept with each try.

        False means that nobody here can tell: it ran elsewhere, or its process is alive and has not ended it.
        """
        async with self._database.session() as session:
            doubtful = await attempts.unproven(session, item_id)
        for attempt in doubtful:
            if not await self._ended(attempt):
                return False
            async with self._database.session() as session:
                await attempts.over(session, attempt.id)
        return True

    async def _ended(self, attempt: Attempt) -> bool:
        if self._restarted(attempt):
            return True
        if not self._same_place(attempt):
            return False
        if attempt.browser_pid is None or attempt.browser_started is None:
            return self._process_ended(attempt)
        try:
            await kill_tree(attempt.browser_pid, attempt.browser_started)
        except BrowserInDoubt:
            return False
        return True

    def _process_ended(self, attempt: Attempt) -> bool:
        """Without a browser (an API) the process itself acts: it is dead, or it is ours and has left the try."""
        pid, started = attempt.worker_pid, attempt.worker_started
        if pid is None or started is None:
            return False
        if (pid, started) == (self._here.worker_pid, self._here.worker_started):
            return attempt.id not in AT_WORK
        return not lives(pid, started)

    def _same_place(self, attempt: Attempt) -> bool:
        where = f"{attempt.host}/{attempt.boot_id}/{attempt.pid_space}"
        return where == place(self._here)

    def _restarted(self, attempt: Attempt) -> bool:
        """Whether this machine was started anew since; a container of the same name may well live elsewhere."""
        own = {attempt.pid_space, self._here.pid_space} <= {"", THE_MACHINES_OWN}
        return own and attempt.host == self._here.host and attempt.boot_id != self._here.boot_id
