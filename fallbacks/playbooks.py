"""Follows the playbook of each outage: what is declared is read anew at every beat, and done at once."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import col, select

from core.faults import SystemDown
from handoff.clock import ClockKind
from handoff.policy import Policies, PolicyRefused
from handoff.policy import shipped as shipped_policies
from records import notices, outage_deeds, playbooks
from records.database import Database
from records.notice import Notice, NoticeState
from records.people import Role
from systems import playbooks as declared
from systems.playbooks import Known, Playbook, PlaybookRefused, Playbooks
from systems.registry import SYSTEMS

log = structlog.get_logger(__name__)

MAILS_AT_ONCE = 20


def policies_of(file: Path | None) -> Policies:
    """The handoff policies that count; a file that cannot be used counts as none, as it does for handoffs."""
    try:
        return shipped_policies() if file is None else Policies.read(file.read_text(encoding="utf-8"))
    except (PolicyRefused, OSError):
        return shipped_policies()


def playbooks_of(file: Path | None, policies: Policies) -> Playbooks:
    """What comes with Baton, and the operator's file over it. PlaybookRefused says what is wrong with the file."""
    clocks, names = [kind.value for kind in ClockKind], [row.name for row in policies.rows]
    known = Known(SYSTEMS, clocks, names, [role.value for role in Role])
    ours = Playbooks.read(
        declared.shipped(),
        Known(SYSTEMS, clocks, {*names, *(row.name for row in shipped_policies().rows)}, known.roles),
    )
    if file is None:
        return ours
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise PlaybookRefused(f"{file} cannot be read: {trouble}") from None
    return Playbooks.read(text, known).over(ours)


class FollowPlaybooks:
    """The beat that does what playbooks say, each outage in a transaction of its own.

    A file that cannot be used changes nothing: what was read before counts on, and the page of playbooks says why.
    """

    def __init__(self, database: Database, file: Path | None, policies: Path | None) -> None:
        self._database = database
        self._file = file
        self._policies = policies
        self._kept: list[Playbook] = []
        self._said = ""

    async def run_once(self, now: datetime) -> int:
        """Read what is declared, then see to every outage; how much changed."""
        policies = policies_of(self._policies)
        await self._read(policies, now)
        rows = {row.name: row for row in policies.rows}
        async with self._database.session() as session:
            found = await outage_deeds.unfinished(session, now)
        done = 0
        for outage_id in found:
            async with self._database.session() as session:
                done += await outage_deeds.follow(session, outage_id, rows, now)
        return done

    async def _read(self, policies: Policies, now: datetime) -> None:
        try:
            found = playbooks_of(self._file, policies).all()
            if found != self._kept:
                async with self._database.session() as session:
                    await playbooks.keep(session, found, self._file.name if self._file else "", now)
            self._kept, self._said = found, ""
        except PlaybookRefused as trouble:
            if self._said != str(trouble):
                log.warning("playbooks.refused", file=str(self._file or ""), reason=str(trouble))
            self._said = str(trouble)


class OutageMails:
    """The beat that sends what outages have to tell customers; `send` is the one try of a notice, and never two."""

    def __init__(self, database: Database, send: Callable[[uuid.UUID], Awaitable[object]]) -> None:
        self._database = database
        self._send = send

    async def run_once(self, now: datetime) -> int:
        """Send what waits, the oldest first; how many there were. A mail server that is away is asked again later."""
        waiting = select(Notice.id).where(
            notices.OF_OUTAGES,
            col(Notice.state).in_([NoticeState.WAITING, NoticeState.SENDING]),
            col(Notice.created_at) <= now,
        )
        async with self._database.session() as session:
            found = list(await session.exec(waiting.order_by(col(Notice.created_at)).limit(MAILS_AT_ONCE)))
        await asyncio.gather(*(self._one(notice_id) for notice_id in found))
        return len(found)

    async def _one(self, notice_id: uuid.UUID) -> None:
        try:
            await self._send(notice_id)
        except SystemDown as fault:
            log.info("outage_mail.waits", notice=str(notice_id), detail=fault.detail)
