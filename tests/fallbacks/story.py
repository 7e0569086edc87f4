"""One case with a mail of ours, and what is read about it."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from core.case import Stage
from fallbacks.replies import Replies
from handoff.states import HandoffState
from records import replies
from records.case import Case
from records.database import Database
from records.evidence_store import EvidenceStore
from records.handoff import Handoff
from records.notice import Notice, NoticeState
from records.outbox import OutboxRow
from records.received_mail import ReceivedMail
from records.trail import Event
from tests.fallbacks.conftest import NOW, HandIn
from tests.fallbacks.letters import Box

DAYS = 14
OURS = "<ours@baton>"


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    """A store in a folder."""
    return EvidenceStore.local(tmp_path / "evidence")


class Story:
    """One case with a mail of ours, and what is read about it."""

    def __init__(self, database: Database, store: EvidenceStore, case_id: uuid.UUID, token: str) -> None:
        self.database, self.store, self.case_id, self.token = database, store, case_id, token

    def beat(self, box: Box) -> Replies:
        """A reading of this mailbox."""
        return Replies(self.database, box, self.store, DAYS)

    async def read(self, *raw: bytes) -> list[ReceivedMail]:
        """Read these mails; what is kept now."""
        await self.beat(Box(*raw)).run_once(NOW)
        return await self.mails()

    async def mails(self) -> list[ReceivedMail]:
        """Every kept mail, oldest first."""
        async with self.database.session() as session:
            return list(await session.exec(select(ReceivedMail).order_by(col(ReceivedMail.message_id))))

    async def events(self, *names: str) -> Sequence[Event]:
        """The case's events of these names."""
        async with self.database.session() as session:
            found = select(Event).where(Event.case_id == self.case_id, col(Event.name).in_(names))
            return (await session.exec(found)).all()

    async def heard(self) -> list[OutboxRow]:
        """What workflows are to hear."""
        async with self.database.session() as session:
            return list(await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard")))

    async def offer(self) -> uuid.UUID:
        """Hand the case to the desk."""
        handoff = Handoff(
            case_id=self.case_id,
            queue="service",
            state=HandoffState.OFFERED,
            packet={},
            offered_at=NOW,
            due_at=NOW,
        )
        async with self.database.session() as session:
            session.add(handoff)
        return handoff.id

    async def close(self, ago: timedelta, journey: str = "failed-delivery") -> None:
        """The case, of this journey, was closed so long ago."""
        async with self.database.session() as session:
            case = await session.get_one(Case, self.case_id)
            case.stage, case.closed_at, case.journey = Stage.CLOSED, NOW - ago, journey


@pytest.fixture
async def story(database: Database, store: EvidenceStore, hand_one_in: HandIn) -> Story:
    """A case whose customer was written to."""
    receipt = await hand_one_in(1)
    async with database.session() as session:
        token = await replies.token_of(session, receipt.case_id, NOW)
        session.add(
            Notice(
                case_id=receipt.case_id,
                occurrence="notice#1",
                recipient="grethe@example.org",
                subject="New delivery date",
                body="We come.",
                message_id=OURS,
                state=NoticeState.SENT,
                created_at=NOW,
            )
        )
    return Story(database, store, receipt.case_id, token)
