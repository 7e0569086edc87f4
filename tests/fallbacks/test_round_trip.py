"""A mail goes out over SMTP and its answer comes back over IMAP: the whole way, with real servers at both ends."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.tell import SendNotice, Tell
from fallbacks.mailbox import mailbox_at
from fallbacks.replies import Replies
from records.notice import Notice, NoticeState
from tests.fallbacks.conftest import NOW
from tests.fallbacks.story import DAYS, Story, store, story
from tests.support import imap, postbox
from tests.support.tls import papers

__all__ = ["store", "story"]


async def password() -> str:
    """The right one."""
    return imap.PASSWORD


def answered(ours: EmailMessage) -> bytes:
    """What a mail program makes of pressing *Reply*."""
    made = EmailMessage()
    made["From"], made["To"] = ours["To"], ours["Reply-To"]
    made["Subject"], made["In-Reply-To"] = f"Re: {ours['Subject']}", ours["Message-ID"]
    made["Message-ID"] = "<answer@mail.example.org>"
    quoted = "\n".join(f"> {line}" for line in ours.get_content().splitlines())
    made.set_content(f"Friday is fine, Grüße\n\nOn Friday, service wrote:\n{quoted}\n")
    return made.as_bytes()


async def test_a_mail_goes_out_and_its_answer_is_heard(story: Story, tmp_path: Path) -> None:
    """The customer presses Reply; the case has the words without the quote, and its handoff is told."""
    handoff_id = await story.offer()
    async with story.database.session() as session:
        notice = (await session.exec(select(Notice))).one()
        notice.state = NoticeState.WAITING
    sink = postbox.Postbox()
    async with postbox.serving(sink) as smtp, imap.serving(papers(tmp_path)) as server:
        tell = Tell(story.database, smtp, "service@example.org", lambda: NOW, "service@example.org")
        await ActivityEnvironment().run(tell.send_notice, SendNotice(notice_id=notice.id))

        def customer_answers() -> None:
            with server.person() as client:
                client.append("INBOX", answered(sink.mails[0]))

        await asyncio.to_thread(customer_answers)
        beat = Replies(story.database, mailbox_at(server.url, password, server.ca), story.store, DAYS)
        counts = [await beat.run_once(NOW), await beat.run_once(NOW)]

    assert counts == [1, 0]
    (event,) = await story.events("customer.replied")
    assert event.data["text"] == "Friday is fine, Grüße"
    (told,) = await story.heard()
    assert (told.workflow_id, told.key) == (f"handoff/{handoff_id}", "<answer@mail.example.org>")
    (mail,) = await story.mails()
    assert mail.found_by == "address"
