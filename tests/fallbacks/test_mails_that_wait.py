"""Answers that no handoff hears wait for a person, or for the store; none is lost and none holds up the others."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from fallbacks.replies import Replies
from records import mails
from records.case import Case
from records.evidence_store import EvidenceStore
from records.mails import MailError
from records.outbox import OutboxRow
from records.received_mail import MailState
from records.trail import Evidence
from tests.fallbacks.conftest import NOW
from tests.fallbacks.letters import PHOTO, Box, letter, parts
from tests.fallbacks.story import DAYS, OURS, Story, store, story

__all__ = ["store", "story"]


@pytest.mark.parametrize(
    ("closed", "why"),
    [(None, "nobody"), (timedelta(days=3), "closed"), (timedelta(days=15), "closed_long_ago")],
)
async def test_an_answer_that_nobody_would_read_waits_for_a_person(
    story: Story, closed: timedelta | None, why: str
) -> None:
    """A case that nobody has, closed long ago, or of a journey that cannot begin again: it waits on the page Mails."""
    if closed is not None:
        await story.close(closed, "once-only")

    (mail,) = await story.read(letter(In_Reply_To=OURS))

    assert (mail.state, mail.why, mail.case_id) == (MailState.WAITING, why, story.case_id)
    assert len(await story.events("customer.replied")) == 1


async def test_two_answers_at_once_open_a_closed_case_once(story: Story) -> None:
    """F37: both stand on the timeline, one begins another round, and the other waits for whoever gets the case."""
    await story.close(timedelta(days=3))
    first, second = (letter(text, In_Reply_To=OURS, Message_ID=f"<{text}@x>") for text in ("one", "two"))

    await asyncio.gather(*(story.beat(Box(raw)).run_once(NOW) for raw in (first, second)))

    assert sorted(mail.state.value for mail in await story.mails()) == ["placed", "waiting"]
    assert len(await story.events("customer.replied")) == 2
    async with story.database.session() as session:
        rounds = (await session.exec(select(OutboxRow.run).where(OutboxRow.case_id == story.case_id))).all()
    assert sorted(rounds) == [1, 2]


async def test_a_mail_that_fits_no_case_is_assigned_by_a_person(story: Story) -> None:
    """A number in the text places nothing by itself; a person does, once, and then it is heard."""
    async with story.database.session() as session:
        number = (await session.get_one(Case, story.case_id)).number
    (mail,) = await story.read(parts(f"Content-Type: text/plain\r\n\r\nAbout {number}", PHOTO))
    assert (mail.state, mail.why, mail.case_id) == (MailState.WAITING, "no_case", None)
    await story.offer()

    async with story.database.session() as session:
        await mails.assign(session, mail.id, f" {number.lower()} ", by="agent@example.org", now=NOW)
    with pytest.raises(MailError, match="has settled this mail already"):
        async with story.database.session() as session:
            await mails.assign(session, mail.id, number, by="agent@example.org", now=NOW)

    assert [row.argument["text"] for row in await story.heard()] == [f"About {number}"]
    assert len(await story.events("customer.replied", "mail.placed")) == 2
    async with story.database.session() as session:
        assert {row.case_id for row in await session.exec(select(Evidence))} == {story.case_id}


async def test_a_waiting_mail_is_dismissed_with_a_reason(story: Story) -> None:
    """Without a reason nothing happens; with one it is off the list and kept."""
    (mail,) = await story.read(letter())
    with pytest.raises(MailError, match="say why"):
        async with story.database.session() as session:
            await mails.dismiss(session, mail.id, " ", by="agent@example.org", now=NOW)

    async with story.database.session() as session:
        await mails.dismiss(session, mail.id, "advertising", by="agent@example.org", now=NOW)

    (kept,) = await story.mails()
    assert (kept.state, kept.reason, kept.settled_by) == (MailState.DISMISSED, "advertising", "agent@example.org")
    async with story.database.session() as session:
        assert await mails.waiting(session, limit=10) == []


class Away(EvidenceStore):
    """A store that does not answer."""

    async def put(self, path: str, data: bytes, data_class: str = "personal") -> None:
        """Nothing is kept."""
        raise OSError(5, "away")


async def test_a_store_that_is_away_leaves_the_mail_in_its_box(story: Story, tmp_path: Path) -> None:
    """F50: no photo of a customer is dropped because a store was away for a moment: the mail is read again later."""
    box = Box(letter(In_Reply_To=OURS))
    away = Replies(story.database, box, Away.local(tmp_path / "away"), DAYS)

    assert await away.run_once(NOW) == 0
    assert len(box.raw) == 1
    assert await story.beat(box).run_once(NOW) == 1


async def test_one_bad_mail_stops_no_other(story: Story) -> None:
    """F59: what cannot be read waits for a person, and the answer behind it arrives."""
    await story.offer()

    bad, good = await story.read(b"Message-ID: <0@x>\r\nContent-Type: \xff\r\n\r\n\x00", letter(In_Reply_To=OURS))

    assert (bad.state, good.state) == (MailState.WAITING, MailState.PLACED)
