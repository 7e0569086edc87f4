"""Answers out of a mailbox into the records: each once, at its case, heard by whoever has it."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from core.case import Stage
from fallbacks.replies import Replies
from handoff import links
from handoff.states import HandoffState
from records import mails, questions, replies
from records.case import Case
from records.database import Database
from records.evidence_store import EvidenceStore
from records.handoff import Handoff, HandoffQuestion
from records.mails import MailError
from records.notice import Notice, NoticeState
from records.outbox import OutboxRow
from records.questions import QuestionAsked
from records.received_mail import MailState, ReceivedMail
from records.trail import Event, Evidence
from tests.fallbacks.conftest import NOW, HandIn
from tests.fallbacks.letters import PHOTO, Box, bounce, letter, parts

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

    async def close(self, ago: timedelta) -> None:
        """The case was closed so long ago."""
        async with self.database.session() as session:
            case = await session.get_one(Case, self.case_id)
            case.stage, case.closed_at = Stage.CLOSED, NOW - ago


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


@pytest.mark.parametrize("by", ["address", "thread", "mark"])
async def test_an_answer_wakes_whoever_has_the_case(story: Story, by: str) -> None:
    """By address, thread or mark it finds its case: an event with its words, and a signal for the open handoff."""
    handoff_id = await story.offer()
    clue = {
        "address": letter(To=f"service+{story.token.upper()}@example.org"),
        "thread": letter(In_Reply_To=OURS),
        "mark": letter(f"Please come on Friday.\r\n\r\n> [ref:{story.token}]"),
    }[by]

    (mail,) = await story.read(clue)

    assert (mail.state, mail.found_by, mail.case_id) == (MailState.PLACED, by, story.case_id)
    (event,) = await story.events("customer.replied")
    assert (event.actor, event.data["text"]) == ("customer", "Please come on Friday.")
    (told,) = await story.heard()
    assert told.workflow_id == f"handoff/{handoff_id}"
    assert told.argument == {
        "kind": "reply",
        "id": "<one@mail.example.org>",
        "by": "customer",
        "text": "Please come on Friday.",
    }


async def test_the_same_mail_read_again_is_one(story: Story) -> None:
    """F39: a copy of a mail, by the same or another way, changes nothing; it is only moved aside."""
    await story.offer()
    raw = letter(In_Reply_To=OURS)
    box = Box(raw, b"Received: from elsewhere\r\n" + raw)

    counts = [await story.beat(box).run_once(NOW), await story.beat(Box(raw)).run_once(NOW)]

    assert counts == [1, 0]
    assert box.raw == {}
    assert len(await story.events("customer.replied")) == len(await story.heard()) == 1


async def test_a_reader_that_dies_before_moving_changes_nothing(story: Story) -> None:
    """F52: the mail is kept before it is moved; the next reading finds it kept, and only moves it."""
    await story.offer()
    box = Box(letter(In_Reply_To=OURS))
    box.dies = True
    with pytest.raises(OSError, match="gone"):
        await story.beat(box).run_once(NOW)
    box.dies = False

    again = await story.beat(box).run_once(NOW)

    assert (again, box.raw) == (0, {})
    assert len(await story.events("customer.replied")) == len(await story.heard()) == 1


async def test_two_readers_at_once_keep_one(story: Story) -> None:
    """F56: five processes that read the same mailbox at the same moment make one row, one event and one signal."""
    await story.offer()
    boxes = [Box(letter(In_Reply_To=OURS)) for _ in range(5)]

    counts = await asyncio.gather(*(story.beat(box).run_once(NOW) for box in boxes))

    assert sum(counts) == 1
    assert not any(box.raw for box in boxes)
    assert len(await story.mails()) == len(await story.events("customer.replied")) == len(await story.heard()) == 1


async def test_other_words_under_a_used_id_are_heard_too(story: Story) -> None:
    """F39: a Message-ID that somebody uses twice for different mails hides neither of them."""
    await story.offer()

    await story.read(letter("One", In_Reply_To=OURS), letter("Two", In_Reply_To=OURS))

    assert sorted(row.argument["text"] for row in await story.heard()) == ["One", "Two"]


async def test_photos_are_kept_as_personal_evidence_of_the_case(story: Story) -> None:
    """The mail as it came and its photo are readable again, and gone with their class."""
    await story.offer()

    (mail,) = await story.read(parts("Content-Type: text/plain\r\n\r\nSee.", PHOTO, In_Reply_To=OURS))

    async with story.database.session() as session:
        kept = {row.kind: row for row in await session.exec(select(Evidence))}
    assert {row.case_id for row in kept.values()} == {story.case_id}
    assert {row.data_class for row in kept.values()} == {"personal"}
    assert (await story.store.get(kept["photo-jpeg"].path)).startswith(b"\xff\xd8\xff")
    assert mail.raw == kept["mail"].id
    assert mail.attachments == [
        {"name": "door.jpg", "kind": "photo-jpeg", "id": str(kept["photo-jpeg"].id), "size": 13}
    ]


async def test_a_program_wakes_nobody(story: Story) -> None:
    """An absence note stands on the timeline; it is not heard, opens nothing, and nobody has to look."""
    await story.offer()

    (mail,) = await story.read(letter(In_Reply_To=OURS, Auto_Submitted="auto-replied"))

    assert mail.state is MailState.AUTOMATIC
    assert len(await story.events("mail.automatic")) == 1
    assert await story.heard() == []


async def test_a_bounce_shows_that_the_customer_was_not_reached(story: Story) -> None:
    """The mail of ours that came back is undeliverable on its case, with the server's reason; nobody is woken."""
    await story.offer()

    await story.read(bounce(OURS))

    (event,) = await story.events("notice.undelivered")
    async with story.database.session() as session:
        (notice,) = await session.exec(select(Notice))
    assert event.data["why"] == "smtp; 550 no such mailbox"
    assert (notice.state, notice.code) == (NoticeState.SENT, "undelivered")
    assert await story.heard() == []


@pytest.mark.parametrize(
    ("closed", "why"),
    [(None, "nobody"), (timedelta(days=3), "closed"), (timedelta(days=15), "closed_long_ago")],
)
async def test_an_answer_that_nobody_would_read_waits_for_a_person(
    story: Story, closed: timedelta | None, why: str
) -> None:
    """A case that nobody has, or that is closed: the answer stands on its timeline and waits on the page Mails."""
    if closed is not None:
        await story.close(closed)

    (mail,) = await story.read(letter(In_Reply_To=OURS))

    assert (mail.state, mail.why, mail.case_id) == (MailState.WAITING, why, story.case_id)
    assert len(await story.events("customer.replied")) == 1


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


async def test_answering_the_mail_of_a_question_answers_the_question(story: Story) -> None:
    """Nobody is asked twice: the link is not needed, and is used up by the mail."""
    handoff_id = await story.offer()
    asked = QuestionAsked(
        id=uuid.uuid4(),
        handoff_id=handoff_id,
        case_id=story.case_id,
        to_kind="depot",
        to_address="depot@example.org",
        question="Is it there?",
        asked_by="agent@example.org",
        expires_at=NOW + timedelta(days=1),
    )
    async with story.database.session() as session:
        await questions.make(session, asked, NOW, console_url="http://console")

    await story.read(letter("Yes, it is.", In_Reply_To=f"<{asked.id}@baton>"))

    async with story.database.session() as session:
        row = await session.get_one(HandoffQuestion, asked.id)
    assert (row.state.value, row.answer, row.answered_by) == ("answered", "Yes, it is.", "depot")
    (told,) = await story.heard()
    assert (told.argument["kind"], told.key) == ("answer", str(asked.id))
    (event,) = await story.events("handoff.answered", "customer.replied")
    assert event.actor == "depot"


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


def test_a_token_survives_an_address_without_capitals() -> None:
    """Tokens are small letters and digits, so that a mail server that changes capitals does no harm."""
    token = links.reply_token()

    assert links.tokens_of_addresses(links.reply_address("a@example.org", token).upper()) == [token]
