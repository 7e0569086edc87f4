"""People of the house hear what concerns them: once, where they want it, on their shift, over real servers."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from standardwebhooks import Webhook

from fallbacks.outbound import Outbound
from fallbacks.telling_staff import StaffMail, TellingStaff
from fallbacks.webhook import Webhooks, new_secret
from records import access, tellings
from records.case import Case
from records.database import Database
from records.told import Tell, Told, ToldState, tell
from records.told_preference import Channel, ToldPreference
from tests.fallbacks.conftest import HandIn, now
from tests.support.postbox import Postbox, serving
from tests.support.receiver import Receiver, receiving

AGENT = "agent@example.org"
FRIDAY_NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SECRET = new_secret()


@pytest.fixture
async def postbox() -> Postbox:
    """An empty postbox."""
    return Postbox()


@pytest.fixture
async def receiver() -> Receiver:
    """A receiver that takes everything."""
    return Receiver()


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[str]:
    """The receiver's address."""
    async with receiving(receiver) as url:
        yield f"{url}/hook?who=agent"


@pytest.fixture
async def beat(database: Database, postbox: Postbox) -> AsyncIterator[TellingStaff]:
    """The beat, between this test's database and postbox; it may call this machine."""
    async with database.session() as session:
        await access.ensure_demo_users(session, FRIDAY_NIGHT)
    async with serving(postbox) as smtp_url:
        yield beating(database, smtp_url)


def beating(database: Database, smtp_url: str, allowed: str = "127.0.0.0/8") -> TellingStaff:
    """A beat over that mail server."""
    mail = StaffMail(smtp_url, "service@example.org", "https://baton.example.org/")
    return TellingStaff(database, mail, Webhooks(Outbound(allowed)))


async def wish(database: Database, channel: Channel, url: str = "", hours: tuple[str, ...] = ()) -> None:
    """How the agent wants to be told that something was assigned."""
    async with database.session() as session:
        await session.merge(
            ToldPreference(
                person=AGENT,
                channels={"assigned": channel.value},
                webhook_url=url,
                webhook_secret=SECRET,
                time_zone="Europe/Berlin",
                hours=list(hours),
                updated_at=FRIDAY_NIGHT,
            )
        )


async def told(database: Database, at: datetime, case_id: uuid.UUID | None = None, occurrence: str = "a") -> uuid.UUID:
    """Tell the agent that a case is theirs."""
    text = "FD-000001 is yours: Jürgen wartet.\nBis 16:30."
    to = f"person:{AGENT}"
    one = Tell(kind="assigned", occurrence=occurrence, to=to, text=text, path="/desk", case_id=case_id)
    async with database.session() as session:
        await tell(session, at, one)
    return (await row(database, occurrence)).id


async def row(database: Database, occurrence: str = "a") -> Told:
    """What was told, as it stands."""
    async with database.session() as session:
        return (await session.exec(select(Told).where(Told.occurrence == occurrence))).one()


async def test_a_mail_says_what_happened_and_leads_there(
    database: Database, beat: TellingStaff, postbox: Postbox
) -> None:
    """One mail with the sentence, a link that opens the page, and where to change how one is told; then silence."""
    await wish(database, Channel.MAIL)
    told_id = await told(database, FRIDAY_NIGHT)

    counts = [await beat.run_once(FRIDAY_NIGHT) for _ in range(2)]

    (mail,) = postbox.mails
    assert (mail["To"], mail["Subject"]) == (AGENT, "FD-000001 is yours: Jürgen wartet.")
    assert f"https://baton.example.org/notices/{told_id}" in mail.get_content()
    assert "https://baton.example.org/me" in mail.get_content()
    kept = await row(database)
    assert (kept.state, kept.channel, kept.sent_at) == (ToldState.SENT, "mail", FRIDAY_NIGHT)
    assert counts == [1, 0]


async def test_a_webhook_is_signed(database: Database, beat: TellingStaff, receiver: Receiver, hook: str) -> None:
    """The library's own check takes the call with the person's secret, and refuses it with any other."""
    await wish(database, Channel.WEBHOOK, hook)
    told_id, at = await told(database, FRIDAY_NIGHT), now()

    await beat.run_once(at)

    (call,) = receiver.calls
    said = Webhook(SECRET).verify(call.body, call.headers)
    assert call.path == "/hook?who=agent"
    assert call.headers["webhook-id"] == str(told_id)
    assert (said["type"], said["data"]["kind"]) == ("told.assigned", "assigned")
    assert said["data"]["url"] == f"https://baton.example.org/notices/{told_id}"
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new_secret()).verify(call.body, call.headers)


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.WEBHOOK])
async def test_two_beats_at_once_tell_once(
    database: Database, beat: TellingStaff, postbox: Postbox, receiver: Receiver, hook: str, channel: Channel
) -> None:
    """F56: only one of several processes passes from waiting to sending, so only one message leaves."""
    await wish(database, channel, hook)
    await told(database, FRIDAY_NIGHT)

    await asyncio.gather(*(beat.run_once(FRIDAY_NIGHT) for _ in range(4)))

    assert len(postbox.mails) + len(receiver.calls) == 1
    assert (await row(database)).state is ToldState.SENT


async def test_silent_off_shift(database: Database, beat: TellingStaff, postbox: Postbox) -> None:
    """On a Friday night nothing is sent; on Monday at the beginning of the shift it is. A shift set later counts."""
    await wish(database, Channel.MAIL)
    await told(database, FRIDAY_NIGHT)
    await wish(database, Channel.MAIL, hours=("Mon-Fri 08:00-16:30",))

    await beat.run_once(FRIDAY_NIGHT)
    at_night, due_at = len(postbox.mails), (await row(database)).due_at
    await beat.run_once(due_at)

    assert (at_night, due_at, len(postbox.mails)) == (0, MONDAY, 1)


async def test_what_has_become_moot_is_not_sent(
    database: Database, beat: TellingStaff, postbox: Postbox, hand_one_in: HandIn
) -> None:
    """A case that closed before the shift began is not told of any more; the row stays and says so."""
    receipt = await hand_one_in(1)
    await wish(database, Channel.MAIL, hours=("Mon-Fri 08:00-16:30",))
    await told(database, FRIDAY_NIGHT, receipt.case_id)
    async with database.session() as session:
        (await session.get_one(Case, receipt.case_id)).closed_at = FRIDAY_NIGHT + timedelta(hours=1)

    await beat.run_once(MONDAY)

    assert (postbox.mails, (await row(database)).state) == ([], ToldState.MOOT)


async def test_what_was_read_on_the_page_is_not_sent(database: Database, beat: TellingStaff, postbox: Postbox) -> None:
    """Read before the shift began, or between the look and the sending: nothing leaves."""
    await wish(database, Channel.MAIL)
    await told(database, FRIDAY_NIGHT)
    async with database.session() as session:
        count = await tellings.read(session, AGENT, FRIDAY_NIGHT)

    await beat.run_once(MONDAY)

    assert (count, postbox.mails, (await row(database)).state) == (1, [], ToldState.READ)


async def test_the_page_is_told_at_once(database: Database, beat: TellingStaff) -> None:
    """Who wants the page alone has it there already: nothing is left to send, and it stays unread."""
    await told(database, FRIDAY_NIGHT)

    await beat.run_once(FRIDAY_NIGHT)

    kept = await row(database)
    assert (kept.state, kept.channel, kept.read_at) == (ToldState.SENT, "page", None)


ANSWERS = (
    ("200 OK", "", ToldState.SENT, ""),
    ("404 Not Found", "", ToldState.REFUSED, "answer 404"),
    ("307 Temporary Redirect", "Location: http://127.0.0.1:9/\r\n", ToldState.REFUSED, "answer 307"),
    ("502 Bad Gateway", "", ToldState.UNKNOWN, "answer 502"),
    ("", "", ToldState.UNKNOWN, "RemoteProtocolError"),
)


async def test_one_try_and_doubt_is_unknown(
    database: Database, beat: TellingStaff, receiver: Receiver, hook: str
) -> None:
    """F61: a clear no is refused, a redirect is not followed, anything that may have arrived is never sent again."""
    await wish(database, Channel.WEBHOOK, hook)
    for number, (answer, more, state, code) in enumerate(ANSWERS, start=1):
        receiver.answer, receiver.more = answer, more
        await told(database, FRIDAY_NIGHT, occurrence=answer)

        for minutes in range(0, 90, 30):
            await beat.run_once(FRIDAY_NIGHT + timedelta(minutes=minutes))

        kept = await row(database, answer)
        assert (len(receiver.calls), kept.state, kept.code) == (number, state, code)


async def test_a_server_that_does_not_answer_is_tried_again(database: Database, beat: TellingStaff) -> None:
    """Nothing was sent, so it waits and is tried once a minute; after a week it is given up and says why."""
    await wish(database, Channel.WEBHOOK, "http://127.0.0.1:9/")
    await told(database, FRIDAY_NIGHT)

    tries = [await beat.run_once(FRIDAY_NIGHT + timedelta(seconds=seconds)) for seconds in (0, 30, 60)]
    waiting = await row(database)
    await beat.run_once(FRIDAY_NIGHT + timedelta(days=8))

    assert (tries, waiting.state) == ([1, 0, 1], ToldState.WAITING)
    assert ((await row(database)).state, (await row(database)).code) == (ToldState.REFUSED, "ConnectError")


async def test_a_mail_server_that_is_away_costs_nothing(database: Database, beat: TellingStaff) -> None:
    """Without a mail server it waits; a clear no to the address is final."""
    await wish(database, Channel.MAIL)
    await told(database, FRIDAY_NIGHT)
    no = Postbox()
    no.rcpt_answer = "550 no such person"

    await beating(database, "").run_once(FRIDAY_NIGHT)
    waiting = (await row(database)).state
    async with serving(no) as url:
        await beating(database, url).run_once(FRIDAY_NIGHT + timedelta(minutes=2))

    kept = await row(database)
    assert (waiting, kept.state, kept.code) == (ToldState.WAITING, ToldState.REFUSED, "answer 550")


async def test_a_process_that_died_while_sending_leaves_a_doubt(
    database: Database, beat: TellingStaff, postbox: Postbox
) -> None:
    """Found in *sending* long after: it may have arrived, so it is unknown and not sent again."""
    await wish(database, Channel.MAIL)
    told_id = await told(database, FRIDAY_NIGHT)
    async with database.session() as session:
        begun = [await tellings.begin(session, told_id, Channel.MAIL, FRIDAY_NIGHT) for _ in range(2)]

    soon = await beat.run_once(FRIDAY_NIGHT + timedelta(minutes=1))
    late = await beat.run_once(FRIDAY_NIGHT + tellings.DOUBT)

    assert (begun, soon, late, postbox.mails) == ([True, False], 0, 1, [])
    assert (await row(database)).state is ToldState.UNKNOWN


async def test_an_address_inside_the_house_is_not_called(
    database: Database, beat: TellingStaff, receiver: Receiver, hook: str
) -> None:
    """F61: without the operator's leave the receiver on this machine hears nothing, and the person can read why."""
    await wish(database, Channel.WEBHOOK, hook)
    await told(database, FRIDAY_NIGHT)

    await beating(database, "", allowed="").run_once(FRIDAY_NIGHT)

    kept = await row(database)
    assert (receiver.calls, kept.state) == ([], ToldState.REFUSED)
    assert "inside the house" in kept.code
