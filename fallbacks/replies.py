"""Reading what customers answer: each mail is kept and placed in one transaction, and only then moved aside."""

import asyncio
from datetime import datetime

import structlog

from fallbacks import incoming
from fallbacks.incoming import Incoming
from fallbacks.mailbox import Arrived, Mailbox, MailboxAway
from records import attachments, mails
from records.attachments import Origin, StoreAway
from records.database import Database
from records.evidence_store import EvidenceStore
from records.mails import Received
from records.trail import Evidence

log = structlog.get_logger(__name__)

AT_ONCE = 20
"""Mails of one beat; a mailbox that filled up meanwhile is worked off over several."""


class Replies:
    """Takes answers out of a mailbox.

    A process that dies between keeping and moving leaves the mail where it was: the next reading finds it kept, by its
    Message-ID and content, and only moves it. Two that read at once keep it once.
    """

    def __init__(self, database: Database, mailbox: Mailbox, store: EvidenceStore, reopen_days: int) -> None:
        self._database = database
        self._mailbox = mailbox
        self._store = store
        self._reopen_days = reopen_days
        self._away = ""

    async def run_once(self, now: datetime) -> int:
        """Take what waits; how many mails were new. A mailbox or a store that is away is told once."""
        try:
            count = await self._take(now)
        except (MailboxAway, StoreAway) as error:
            kind = f"{type(error).__name__}: {error}"
            if kind != self._away:
                log.warning("mailbox.away", reason=kind)
            self._away = kind
            return 0
        if self._away:
            log.info("mailbox.back")
        self._away = ""
        return count

    async def _take(self, now: datetime) -> int:
        new, kept = 0, []
        try:
            for one in await self._mailbox.waiting(AT_ONCE):
                new += await self._keep(one, now)
                kept.append(one.key)
        finally:
            if kept:
                await self._mailbox.took(kept)
        if new:
            log.info("mails.received", count=new)
        return new

    async def _keep(self, arrived: Arrived, now: datetime) -> bool:
        mail = await _understood(arrived)
        async with self._database.session() as session:
            if await mails.known(session, mail.fingerprint):
                return False
        evidence = await self._evidence(arrived, mail, now)
        received = Received(
            columns=_columns(mail, evidence), clues=mail.clues, automatic=mail.automatic, undelivered=mail.undelivered
        )
        async with self._database.session() as session:
            return await mails.keep(session, received, evidence, now, self._reopen_days) is not None

    async def _evidence(self, arrived: Arrived, mail: Incoming, now: datetime) -> list[Evidence]:
        """The mail as it came, and its attachments, in the store."""
        origin = Origin(folder=f"mails/{mail.fingerprint[:32]}", taken="mail", case_id=None, at=now)
        raw = await attachments.put(self._store, origin, arrived.raw, "mail")
        return [raw, *await attachments.put_all(self._store, origin, mail.attachments)]


async def _understood(arrived: Arrived) -> Incoming:
    """In a thread: a large or hostile mail keeps the parser busy, and the relay must go on."""
    return await asyncio.to_thread(incoming.read, arrived.raw, arrived.size)


def _columns(mail: Incoming, evidence: list[Evidence]) -> dict[str, object]:
    plain = mail.model_dump(
        include={"fingerprint", "message_id", "sender", "sender_name", "subject", "text", "said", "remark"}
    )
    return {**plain, "attachments": attachments.listed(mail.attachments, evidence[1:])}
