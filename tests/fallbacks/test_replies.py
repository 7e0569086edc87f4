"""Answers out of a mailbox into the records: each once, at its case, heard by whoever has it."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from handoff import links
from records import questions
from records.handoff import HandoffQuestion
from records.notice import Notice, NoticeState
from records.questions import QuestionAsked
from records.received_mail import MailState
from records.trail import Evidence
from tests.fallbacks.conftest import NOW
from tests.fallbacks.letters import PHOTO, Box, bounce, letter, parts
from tests.fallbacks.story import OURS, Story, store, story

__all__ = ["store", "story"]


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


async def test_an_answer_from_another_address_says_so(story: Story) -> None:
    """Whoever has the token is heard, and the agent sees that the customer's address is another one."""
    await story.offer()

    await story.read(letter(In_Reply_To=OURS, From="Grethe@Example.org"), letter(In_Reply_To=OURS, From="eve@x.org"))

    found = await story.events("customer.replied")
    assert {event.data.get("stranger") for event in found} == {None, "eve@x.org"}


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


def test_a_token_survives_an_address_without_capitals() -> None:
    """Tokens are small letters and digits, so that a mail server that changes capitals does no harm."""
    token = links.reply_token()

    assert links.tokens_of_addresses(links.reply_address("a@example.org", token).upper()) == [token]
