"""The page behind a mailed link: one question, one answer, and nothing else of the case."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from limits import parse
from sqlmodel import select

from console import strangers
from console.routes import answers
from handoff.states import HandoffState
from records import questions
from records.handoff import Handoff, HandoffQuestion, QuestionState
from records.intake import hand_in
from records.notice import Notice
from records.outbox import OutboxRow
from records.questions import QuestionAsked, QuestionClosed
from records.trail import Event, Evidence
from tests.console.conftest import NOW, Console
from tests.support.journey import handed, report_of

JPEG = b"\xff\xd8\xff\xe0 a photo"


class Asked:
    """A question that was mailed, and the phone of whoever got it."""

    def __init__(self, console: Console, phone: httpx.AsyncClient, row: QuestionAsked, link: str) -> None:
        self.console, self.phone, self.row, self.link = console, phone, row, link

    async def stands(self) -> HandoffQuestion:
        """The question as it is kept."""
        async with self.console.database.session() as session:
            return await session.get_one(HandoffQuestion, self.row.id)


@pytest.fixture
async def asked(console: Console) -> AsyncIterator[Asked]:
    """An agent asked the customer; the link is in the mail."""
    async with console.database.session() as session:
        case = await hand_in(session, handed(report_of("4700123")), NOW)
        handoff = Handoff(
            case_id=case.case_id,
            queue="service",
            state=HandoffState.PICKED_UP,
            packet={},
            offered_at=NOW,
            due_at=NOW,
        )
        session.add(handoff)
        await session.flush()
        row = QuestionAsked(
            id=uuid.uuid4(),
            handoff_id=handoff.id,
            case_id=case.case_id,
            to_kind="customer",
            to_address="grethe@example.org",
            question="Which <b>bell</b> is yours?\u202e",
            asked_by="agent@example.org",
            expires_at=NOW + timedelta(days=3),
        )
        await questions.make(session, row, NOW, console_url="http://console.test")
        await questions.make(session, row, NOW, console_url="http://console.test")
        (mail,) = await session.exec(select(Notice).where(Notice.occurrence == questions.occurrence(row.id)))
    link = next(word for word in mail.body.split() if "/answers/" in word)
    async with console.client() as phone:
        yield Asked(console, phone, row, link)


async def test_the_page_shows_the_question_and_nothing_else(asked: Asked) -> None:
    """F59: who asks, the reference and the question, inert; no name, no order, no agent's address, no menu."""
    page = await asked.phone.get(asked.link)

    assert page.status_code == 200
    assert "Which &lt;b&gt;bell&lt;/b&gt; is yours?[U+202E]" in page.text
    assert "Customer service asks" in page.text
    assert not [word for word in ("4700123", "agent@", "grethe@", "P-88112", "/cases") if word in page.text]
    assert page.headers["cache-control"] == "no-store"


async def test_an_answer_is_kept_once_and_heard(asked: Asked) -> None:
    """The question is answered, the event and the signal are there, the photo is evidence; sent twice it is one."""
    await asked.phone.get(asked.link)
    said, files = {"text": " The left one. "}, {"files": ("../door.jpg", JPEG, "image/jpeg")}

    first = await asked.phone.post(asked.link, data=said, files=files)
    second = await asked.phone.post(asked.link, data=said, files=files)

    row = await asked.stands()
    assert (row.state, row.answer, row.answered_by) == (QuestionState.ANSWERED, "The left one.", "customer")
    assert "Thank you, we have it" in (await asked.phone.get(first.headers["location"])).text
    assert "has been answered" in second.text
    async with asked.console.database.session() as session:
        (event,) = await session.exec(select(Event).where(Event.name == "handoff.answered"))
        (told,) = await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard"))
        (photo,) = await session.exec(select(Evidence))
    assert event.data["attachments"][0]["name"] == "door.jpg"
    assert told.argument == {"kind": "answer", "id": str(row.id), "by": "customer", "text": "The left one."}
    assert (told.workflow_id, told.key) == (f"handoff/{row.handoff_id}", str(row.id))
    assert (photo.kind, photo.data_class, photo.case_id) == ("photo-jpeg", "personal", row.case_id)


async def test_five_answers_at_once_are_one(asked: Asked) -> None:
    """F37: sent from several windows at the same moment, the first is kept with its photo; there is one event, one
    signal."""
    await asked.phone.get(asked.link)
    photos = [JPEG + bytes([number]) for number in range(5)]

    await asyncio.gather(
        *(asked.phone.post(asked.link, data={"text": "It is 21."}, files={"files": ("a.jpg", one)}) for one in photos)
    )

    async with asked.console.database.session() as session:
        events = (await session.exec(select(Event).where(Event.name == "handoff.answered"))).all()
        told = (await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard"))).all()
        kept = (await session.exec(select(Evidence))).all()
    assert (len(events), len(told), len(kept)) == (1, 1, 1)
    assert events[0].data["attachments"][0]["id"] == str(kept[0].id)


@pytest.mark.parametrize(
    ("text", "files", "said"),
    [
        ("", [], "Please write an answer"),
        ("x" * (answers.LONGEST + 1), [], "at most 4,000 characters"),
        ("Kept <words>", [("a.exe", b"MZ")], "a.exe is neither a photo"),
        ("Kept <words>", [("a.jpg", JPEG)] * 4, "at most 3 files"),
    ],
)
async def test_what_is_wrong_is_said_and_no_word_is_lost(
    asked: Asked, text: str, files: list[tuple[str, bytes]], said: str
) -> None:
    """Nothing is kept, the sentence says what to do, and the text stands in the form as it was typed."""
    await asked.phone.get(asked.link)

    page = await asked.phone.post(asked.link, data={"text": text}, files=[("files", one) for one in files] or None)

    assert page.status_code == 422
    assert said in page.text
    assert "Kept" not in text or "Kept &lt;words&gt;</textarea>" in page.text
    assert (await asked.stands()).state is QuestionState.OPEN


@pytest.mark.parametrize(
    ("state", "said"), [("expired", "no longer valid"), ("withdrawn", "no longer need"), ("answered", "been answered")]
)
async def test_a_link_that_is_over_says_so(asked: Asked, state: str, said: str) -> None:
    """Expired, withdrawn and used links say which they are and what to do; none takes an answer."""
    await asked.phone.get(asked.link)
    async with asked.console.database.session() as session:
        closed = QuestionClosed(id=asked.row.id, state=QuestionState(state), answer="By phone", by="agent@example.org")
        assert await questions.close(session, closed, NOW)

    pages = [await asked.phone.get(asked.link), await asked.phone.post(asked.link, data={"text": "late"})]

    assert all(said in page.text and "<textarea" not in page.text for page in pages)
    assert (await asked.stands()).answer == ("By phone" if state == "answered" else "")


async def test_a_link_past_its_time_is_over_before_anybody_notes_it(asked: Asked) -> None:
    """What counts is the time it was good for, not when a workflow gets round to it."""
    async with asked.console.database.session() as session:
        row = await session.get_one(HandoffQuestion, asked.row.id)
        row.expires_at = NOW

    assert "no longer valid" in (await asked.phone.get(asked.link)).text


async def test_a_wrong_link_reveals_nothing_and_guessing_is_slowed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F69: 404 with the same words for every token that is nobody's; after many, 429, even for a right one."""
    monkeypatch.setattr(strangers, "PER_PLACE", parse("3/15 minutes"))
    tokens = [f"{asked.link[:-1]}!", "http://console.test/answers/x", "http://console.test/answers/agent@example.org"]

    pages = [await asked.phone.get(token) for token in tokens]
    slowed = await asked.phone.get(asked.link)

    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "900")
