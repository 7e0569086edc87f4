"""What people were told and what customers wrote is kept for its time, and not a day longer."""

from datetime import timedelta
from typing import Any

from sqlmodel import select

from fallbacks.retention import WordsRetention
from records import access
from records.case import Case
from records.database import Database
from records.received_mail import MailState, ReceivedMail
from records.told import Told, ToldState
from tests.fallbacks.conftest import NOW
from tests.support.desk_offers import stand

LONG_AGO = NOW - timedelta(days=400)


async def mail(database: Database, name: str, **columns: Any) -> None:
    """A mail that came long ago."""
    plain = {"fingerprint": name, "message_id": name, "state": MailState.PLACED, "received_at": LONG_AGO}
    written = {"sender": "grethe@example.org", "subject": "My parcel", "text": "Hafenweg 12", "said": "Hafenweg 12"}
    files = [{"name": "door.jpg", "kind": "photo-jpeg", "id": "x", "size": 3}]
    async with database.session() as session:
        session.add(ReceivedMail(**{**plain, **written, "attachments": files, **columns}))


async def test_what_was_told_goes_unless_it_is_on_its_way(database: Database) -> None:
    """Read or unread, old rows go; what waits to be sent stays, and what is newer."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        for name, state, days in (
            ("old", "read", 91),
            ("unread", "sent", 91),
            ("waits", "waiting", 91),
            ("new", "read", 89),
        ):
            at = NOW - timedelta(days=days)
            plain: dict[str, Any] = {"person": "agent@example.org", "kind": "assigned", "text": "x", "path": "/desk"}
            session.add(Told(**plain, occurrence=name, state=ToldState(state), created_at=at, due_at=at))

    removed = await WordsRetention(database, told_days=90, mail_days=365).run_once(NOW)

    async with database.session() as session:
        left = {row.occurrence for row in await session.exec(select(Told))}
    assert (removed, left) == (2, {"waits", "new"})


async def test_a_mail_is_emptied_once_its_case_has_ended_for_long(database: Database) -> None:
    """Nothing that a person wrote stays, the row does; an open case keeps its mails, and what waits is not touched."""
    number, _ = await stand(database, NOW, "4700101")
    still_open, _ = await stand(database, NOW, "4700102")
    async with database.session() as session:
        cases = {case.number: case for case in await session.exec(select(Case))}
        cases[number].closed_at = NOW - timedelta(days=366)
    await mail(database, "ended", case_id=cases[number].id)
    await mail(database, "running", case_id=cases[still_open].id)
    await mail(database, "waiting", state=MailState.WAITING, why="no_case")
    await mail(database, "dismissed", state=MailState.DISMISSED, reason="an advertisement")
    await mail(database, "lately", received_at=NOW - timedelta(days=364))

    counts = [await WordsRetention(database, told_days=90, mail_days=365).run_once(NOW) for _ in range(2)]

    async with database.session() as session:
        rows = {row.fingerprint: row for row in await session.exec(select(ReceivedMail))}
    kept = {name for name, row in rows.items() if row.removed_at is None and row.text == "Hafenweg 12"}
    emptied = rows["ended"]
    assert (counts, kept, len(rows)) == ([2, 0], {"running", "waiting", "lately"}, 5)
    assert [emptied.sender, emptied.subject, emptied.text, emptied.said, emptied.attachments] == ["", "", "", "", []]
    assert (rows["dismissed"].reason, rows["dismissed"].removed_at) == ("an advertisement", NOW)
