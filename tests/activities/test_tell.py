"""Telling the customer over real SMTP: once, with a clear answer, and *unknown* where nobody saw it arrive."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.tell import NoticeSent, SendNotice, Tell
from core.case import Stage, WaitsFor
from core.faults import SystemDown
from handoff import links
from records import notices
from records.case import Case
from records.database import Database
from records.notice import Notice, NoticeState
from records.trail import Event
from tests.support.postbox import Postbox, serving

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SENDER = "service@example.org"


@pytest.fixture
async def postbox() -> Postbox:
    """An empty postbox."""
    return Postbox()


@pytest.fixture
async def smtp_url(postbox: Postbox) -> AsyncIterator[str]:
    """The postbox's address."""
    async with serving(postbox) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def tell(database: Database, smtp_url: str) -> Tell:
    """The mail step, between this test's database and postbox."""
    return Tell(database, smtp_url, SENDER, lambda: NOW)


async def _notice(database: Database, **columns: object) -> uuid.UUID:
    case = Case(
        number="FD-000001",
        journey="failed-delivery",
        business_key="4700123/P-88112388/1",
        subject_key="4700123/P-88112388",
        stage=Stage.TELLING,
        opened_at=NOW,
        updated_at=NOW,
        wait_kind=WaitsFor.NOTHING,
        wait_since=NOW,
    )
    values: dict[str, object] = {
        "case_id": case.id,
        "occurrence": "FD-000001/resolution",
        "recipient": "jana.koehler@example.org",
        "subject": "Neuer Liefertermin für Ihre Bestellung 4700123",
        "body": "Liebe Frau Köhler,\n\n.ein Punkt am Anfang\nwir liefern am Freitag.\n",
        "message_id": "<FD-000001.1@baton.example.org>",
        "state": NoticeState.WAITING,
        "created_at": datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    }
    notice = Notice.model_validate({**values, **columns})
    async with database.session() as session:
        session.add(case)
        await session.flush()
        session.add(notice)
    return notice.id


async def _send(tell: Tell, notice_id: uuid.UUID) -> NoticeSent:
    return await ActivityEnvironment().run(tell.send_notice, SendNotice(notice_id=notice_id))


async def _state(database: Database, notice_id: uuid.UUID) -> NoticeState:
    async with database.session() as session:
        return (await notices.read(session, notice_id)).state


async def test_a_mail_arrives_as_it_was_written(tell: Tell, database: Database, postbox: Postbox) -> None:
    """The customer gets the text with its umlauts and lines, under stable headers, and can answer it."""
    notice_id = await _notice(database)

    answer = await _send(tell, notice_id)

    (mail,) = postbox.mails
    assert answer == NoticeSent(state="sent")
    assert mail["Subject"] == "Neuer Liefertermin für Ihre Bestellung 4700123"
    assert (mail["To"], mail["From"], mail["Reply-To"]) == ("jana.koehler@example.org", SENDER, SENDER)
    assert mail["Message-ID"] == "<FD-000001.1@baton.example.org>"
    assert mail["Date"].datetime == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert mail.get_content_type() == "text/plain"
    text, mark = mail.get_content().replace("\r\n", "\n").split("\n\n[ref:")
    assert text == "Liebe Frau Köhler,\n\n.ein Punkt am Anfang\nwir liefern am Freitag."
    assert re.fullmatch(r"[a-z2-7]{16}\]\n", mark)


async def test_an_answer_finds_its_case_by_address_thread_or_mark(
    database: Database, smtp_url: str, postbox: Postbox
) -> None:
    """Each mail of a case carries the same token, in address and last line, and answers the mail before it."""
    tell = Tell(database, smtp_url, SENDER, lambda: NOW, "answers@example.org")
    first = await _notice(database)
    async with database.session() as session:
        written = (await notices.read(session, first)).model_dump()
        second = Notice.model_validate(
            {
                **written,
                "id": uuid.uuid4(),
                "occurrence": "2",
                "message_id": "<second@x>",
                "created_at": NOW,
            }
        )
        session.add(second)

    await _send(tell, first)
    await _send(tell, second.id)

    one, two = postbox.mails
    (token,) = links.tokens_of_addresses(one["Reply-To"])
    assert one["Reply-To"] == two["Reply-To"] == f"answers+{token}@example.org"
    assert (one["In-Reply-To"], two["In-Reply-To"]) == (None, written["message_id"])
    assert two["References"] == written["message_id"]
    assert links.tokens_of_marks(two.get_content()) == [token]


async def test_the_timeline_says_that_it_was_sent(tell: Tell, database: Database) -> None:
    """A sent mail is an event of its case, with the step and without the text."""
    notice_id = await _notice(database)

    await _send(tell, notice_id)

    async with database.session() as session:
        (event,) = (await session.exec(select(Event))).all()
        notice = await notices.read(session, notice_id)
    assert (event.name, event.data) == ("notice.sent", {"occurrence": "FD-000001/resolution", "code": ""})
    assert notice.sent_at == NOW


async def test_a_mail_that_was_sent_is_not_sent_again(tell: Tell, database: Database, postbox: Postbox) -> None:
    """The step run twice by Temporal gives the first run's answer and sends nothing."""
    notice_id = await _notice(database)

    answers = [await _send(tell, notice_id), await _send(tell, notice_id)]

    assert answers == [NoticeSent(state="sent")] * 2
    assert len(postbox.mails) == 1


async def test_two_tries_at_once_send_one_mail(tell: Tell, database: Database, postbox: Postbox) -> None:
    """Two runs of the step at the same moment: one passes the guard, the other sends nothing."""
    notice_id = await _notice(database)

    await asyncio.gather(*(_send(tell, notice_id) for _ in range(5)))

    assert len(postbox.mails) == 1
    assert await _state(database, notice_id) is NoticeState.SENT


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:1", ""])
async def test_a_server_that_cannot_be_reached_leaves_the_row_waiting(database: Database, url: str) -> None:
    """No connection means that surely nothing was sent: the row waits, and the workflow may try again."""
    notice_id = await _notice(database)

    with pytest.raises(SystemDown):
        await _send(Tell(database, url, SENDER, lambda: NOW), notice_id)

    assert await _state(database, notice_id) is NoticeState.WAITING


async def test_later_is_an_answer_that_leaves_the_row_waiting(tell: Tell, database: Database, postbox: Postbox) -> None:
    """A 4xx before the mail itself is tried again, and then the mail goes out; since when it waited is kept, once."""
    notice_id = await _notice(database)
    postbox.rcpt_answer = "451 4.7.1 try again later"
    for _ in range(2):
        with pytest.raises(SystemDown):
            await _send(tell, notice_id)
    postbox.rcpt_answer = "250 OK"

    answer = await _send(tell, notice_id)

    async with database.session() as session:
        notice = await notices.read(session, notice_id)
        told = list(await session.exec(select(Event.name)))
    assert answer.state == "sent"
    assert (notice.tries, notice.held_at, notice.sent_at) == (3, NOW, NOW)
    assert told == ["notice.held", "notice.sent"]


@pytest.mark.parametrize(
    "refuse",
    [
        lambda postbox: setattr(postbox, "rcpt_answer", "550 5.1.1 no such mailbox"),
        lambda postbox: setattr(postbox, "data_answer", "554 5.7.1 not wanted"),
    ],
    ids=["recipient", "content"],
)
async def test_a_clear_no_is_refused(
    tell: Tell, database: Database, postbox: Postbox, refuse: Callable[[Postbox], None]
) -> None:
    """A 5xx is final: the notice is refused, and asking again sends nothing."""
    notice_id = await _notice(database)
    refuse(postbox)

    answers = [await _send(tell, notice_id), await _send(tell, notice_id)]

    assert answers == [NoticeSent(state="refused", code="refused")] * 2
    assert len(postbox.mails) <= 1


async def test_a_hang_up_after_the_mail_is_unknown(tell: Tell, database: Database, postbox: Postbox) -> None:
    """The connection is cut after the mail went over: it may have been kept, so it is never sent again."""
    notice_id = await _notice(database)
    postbox.hang_up = True

    answers = [await _send(tell, notice_id), await _send(tell, notice_id)]

    assert answers == [NoticeSent(state="unknown", code="unknown")] * 2
    assert len(postbox.mails) == 1


async def test_an_error_after_the_mail_was_kept_is_unknown(tell: Tell, database: Database, postbox: Postbox) -> None:
    """A 451 after the mail says nothing about whether it was kept; here it was."""
    notice_id = await _notice(database)
    postbox.data_answer = "451 4.3.0 internal error"

    answer = await _send(tell, notice_id)

    assert answer.state == "unknown"


async def test_the_trace_of_a_dead_try_is_unknown(tell: Tell, database: Database, postbox: Postbox) -> None:
    """A row found in *sending* is another try's: nobody saw whether it sent, so nothing is sent."""
    notice_id = await _notice(database, state=NoticeState.SENDING)

    answer = await _send(tell, notice_id)

    assert answer == NoticeSent(state="unknown", code="worker_lost")
    assert postbox.mails == []


async def test_a_slow_yes_beats_a_hasty_unknown(database: Database) -> None:
    """A try that outlived its activity and did see the server's yes sets the record right."""
    notice_id = await _notice(database, state=NoticeState.SENDING)
    async with database.session() as session:
        await notices.finish(session, notice_id, NoticeState.UNKNOWN, "worker_lost", NOW)

    async with database.session() as session:
        await notices.finish(session, notice_id, NoticeState.SENT, "", NOW)

    assert await _state(database, notice_id) is NoticeState.SENT


@pytest.mark.parametrize(
    "recipient", ["", "nobody", "a@b.org\nBcc: all@example.org", "a@b.org, c@d.org", "Jana <a@b.org>", "a b@c.org"]
)
async def test_only_one_plain_address_is_written_to(
    tell: Tell, database: Database, postbox: Postbox, recipient: str
) -> None:
    """Anything but exactly one address is refused without a word to the mail server."""
    notice_id = await _notice(database, recipient=recipient)

    answer = await _send(tell, notice_id)

    assert answer == NoticeSent(state="refused", code="no_address")
    assert postbox.mails == []


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\u2028", "\x01"])
async def test_nobody_adds_headers_of_his_own(tell: Tell, database: Database, postbox: Postbox, break_: str) -> None:
    """A line break in a subject becomes a space: no header can be smuggled in."""
    notice_id = await _notice(database, subject=f"Order{break_}Bcc: all@example.org{break_}{break_}body")

    await _send(tell, notice_id)

    (mail,) = postbox.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Order Bcc: all@example.org body"
