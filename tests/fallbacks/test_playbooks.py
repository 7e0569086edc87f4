"""Playbooks are followed: chosen by themselves, kept by version, done at once, and withdrawn when the outage ends."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from core.faults import SystemDown
from fallbacks.playbooks import FollowPlaybooks, OutageMails, playbooks_of, policies_of
from handoff.clock import Target
from records import notices, outage_hits, playbooks
from records.access import ensure_demo_users
from records.database import Database
from records.notice import NoticeState
from records.told import Told
from systems.playbooks import Playbook
from tests.fallbacks.conftest import NOW
from tests.support.outage_cast import OutOfOrder

OURS = """
version = "1"
by = "Ines Kord"
[playbooks.ours]
system = "orderdesk"
title = "Refunds by hand"
default = true
about = "Refunds go to people."
routes = { refund = "person" }
clocks = [ { journey = "failed-delivery", clock = "resolution", does = "pause" } ]
tell = ["role:it"]
[playbooks.ours.customers.failed-delivery]
subject = "{case_number}: it takes longer"
text = "your order {order_no} waits for the {system}."
over_subject = "It goes on"
over_text = "your order {order_no} goes on."
"""


@pytest.fixture
def out(database: Database) -> OutOfOrder:
    """The order desk, out."""
    return OutOfOrder(database, NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The operator's file."""
    made = tmp_path / "playbooks.toml"
    made.write_text(OURS, encoding="utf-8")
    return made


@pytest.fixture
def beat(database: Database, file: Path) -> FollowPlaybooks:
    """The beat over the operator's file."""
    return FollowPlaybooks(database, file, None)


def says(file: Path, *changes: tuple[str, str]) -> None:
    """The operator writes something else into the file."""
    text = file.read_text(encoding="utf-8")
    for was, is_now in changes:
        text = text.replace(was, is_now)
    file.write_text(text, encoding="utf-8")


async def choose(out: OutOfOrder, playbook: Playbook | None) -> None:
    """An operator chooses."""
    async with out.database.session() as session:
        row = await session.get_one(type(await out.row()), out.outage_id)
        playbooks.choose(row, playbook, "sam@example.org", NOW)


async def test_the_default_counts_by_itself_and_is_kept_with_the_outage(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """It counts before any beat has seen the outage; the outage keeps it whole, with when; IT hears of it once."""
    async with out.database.session() as session:
        await ensure_demo_users(session, NOW)
    await beat.run_once(NOW)
    await out.begins()
    async with out.database.session() as session:
        before = await playbooks.chosen(session, await out.row())

    await beat.run_once(NOW)
    await beat.run_once(NOW)

    row = await out.row()
    async with out.database.session() as session:
        told = [(one.person, one.text) for one in await session.exec(select(Told))]
    assert before is not None
    assert (before.route_of("refund"), before.by) == ("person", "Ines Kord")
    assert (row.playbook or {})["routes"] == {"refund": "person"}
    assert (row.playbook_by, row.playbook_at) == ("baton", NOW)
    said = "While the Order desk is out, the playbook “Refunds by hand” is followed: Refunds go to people."
    assert told == [("it@example.org", said)]


async def test_clocks_of_cases_that_wait_stand_until_the_outage_ends(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """One word for each handoff of a case that waits, none for the others; the other word when it is over."""
    await out.begins()
    waits, other = await out.handoff(await out.case()), await out.handoff(await out.case(wait_kind="nothing"))

    await beat.run_once(NOW)
    await beat.run_once(NOW)
    begun = await out.words()
    await out.ends()
    await beat.run_once(NOW)
    await beat.run_once(NOW)

    (hit,) = begun
    both = await out.words()
    assert (hit["reason"], hit["stand"], hit["instead"]) == ("outage of the Order desk", ["resolution"], {})
    assert [word["what"] for word in both] == ["hit", "over"]
    assert both[1]["key"] == hit["key"]
    assert waits.id != other.id


async def test_another_playbook_changes_what_clocks_do_at_once(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """A clock that stood counts by the policy of the next playbook; with none chosen it goes on, and stays so."""
    await out.begins()
    await out.handoff(await out.case())
    await beat.run_once(NOW)
    switch = playbooks_of(None, policies_of(None)).all("orderdesk")[1]

    await choose(out, switch)
    await beat.run_once(NOW)
    await choose(out, None)
    await beat.run_once(NOW)
    taken_back = [mail.state for mail in await out.mails()]
    await beat.run_once(NOW)

    words = await out.words()
    assert [word["what"] for word in words] == ["hit", "over", "hit", "over"]
    assert Target.model_validate(words[2]["instead"]["resolution"]).policy == "any"
    assert (await out.row()).playbook is None
    assert taken_back == [NoticeState.WITHDRAWN]


async def test_a_mail_that_was_taken_back_goes_when_customers_are_to_be_told_after_all(
    beat: FollowPlaybooks, out: OutOfOrder
) -> None:
    """None is chosen and then one again before any mail went: it is the same mail, and it waits to be sent."""
    await out.begins()
    await out.handoff(await out.case())
    await beat.run_once(NOW)
    first = (await out.row()).playbook
    await choose(out, None)
    await beat.run_once(NOW)

    await choose(out, Playbook.model_validate(first))
    await beat.run_once(NOW)
    await beat.run_once(NOW)

    assert [mail.state for mail in await out.mails()] == [NoticeState.WAITING]


async def test_customers_hear_once_and_once_more_when_it_is_over(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """Who can be written to is, filled in for them; who prefers the phone is not; the end is told to who was told."""
    await out.begins()
    await out.handoff(await out.case())
    await out.handoff(await out.case(), contact_preference="phone")
    await out.handoff(await out.case(), email="")

    await beat.run_once(NOW)
    await beat.run_once(NOW)
    (mail,) = await out.mails()
    async with out.database.session() as session:
        await notices.finish(session, mail.id, NoticeState.SENT, "", NOW)
    await out.ends()
    await beat.run_once(NOW + timedelta(minutes=4))
    flapping = await out.mails()
    await beat.run_once(NOW + timedelta(minutes=6))
    await beat.run_once(NOW + timedelta(minutes=7))

    mails = await out.mails()
    assert (mail.recipient, mail.subject) == ("kim@example.org", "FD-000001: it takes longer")
    assert "Dear Customer 1,\n\nyour order 4700001 waits for the Order desk.\n" in mail.body
    assert "Your reference is FD-000001" in mail.body
    assert len(flapping) == 1
    assert sorted(one.subject for one in mails) == ["FD-000001: it takes longer", "It goes on"]


async def test_who_cannot_be_mailed_takes_no_place(
    beat: FollowPlaybooks, out: OutOfOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many older cases have no address, or want no mail: who can be written to is, with the first beat."""
    monkeypatch.setattr(outage_hits, "AT_ONCE", 1)
    await out.begins()
    await out.handoff(await out.case(), contact_preference="phone")
    await out.handoff(await out.case(), email="")
    await out.handoff(await out.case())

    await beat.run_once(NOW)

    assert [mail.subject for mail in await out.mails()] == ["FD-000003: it takes longer"]


async def test_a_mail_that_did_not_go_in_time_never_goes(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """The system is back before the mail server was: nobody hears of an outage that is over, or of its end."""
    await out.begins()
    await out.handoff(await out.case())
    await beat.run_once(NOW)

    await out.ends()
    await beat.run_once(NOW)

    (mail,) = await out.mails()
    assert mail.state is NoticeState.WITHDRAWN


async def test_a_short_outage_and_a_second_one_are_no_news(beat: FollowPlaybooks, out: OutOfOrder) -> None:
    """Nothing is written before the minutes that are declared; who heard of one outage today hears of no other."""
    case = await out.case()
    await out.handoff(case)
    await out.begins(ago=timedelta(minutes=14))
    await beat.run_once(NOW)
    early = await out.mails()

    await beat.run_once(NOW + timedelta(minutes=2))
    async with out.database.session() as session:
        (await session.get_one(type(await out.row()), out.outage_id)).ended_at = NOW + timedelta(minutes=3)
        await notices.finish(session, (await out.mails())[0].id, NoticeState.SENT, "", NOW)
    out.outage_id = uuid.uuid4()
    await out.begins()
    await beat.run_once(NOW + timedelta(minutes=30))

    assert early == []
    assert [mail.subject for mail in await out.mails()] == ["FD-000001: it takes longer"]


async def test_a_file_that_cannot_be_used_changes_nothing(beat: FollowPlaybooks, out: OutOfOrder, file: Path) -> None:
    """An unknown route in it: what counted before counts on, for what is open too."""
    await beat.run_once(NOW)
    says(file, ('"person"', '"fax"'), ('"1"', '"2"'))
    await out.begins()

    await beat.run_once(NOW)

    row = await out.row()
    assert ((row.playbook or {})["version"], (row.playbook or {})["routes"]) == ("1", {"refund": "person"})


async def test_mails_of_outages_go_one_by_one_and_wait_for_the_mail_server(
    beat: FollowPlaybooks, out: OutOfOrder
) -> None:
    """A server that is away stops none of the others; no mail of a case's own workflow is touched."""
    await out.begins()
    for email in ("away@example.org", "there@example.org"):
        await out.handoff(await out.case(), email=email)
    await beat.run_once(NOW)
    by_id = {mail.id: mail.recipient for mail in await out.mails()}
    sent: list[str] = []

    async def send(notice_id: uuid.UUID) -> None:
        if by_id[notice_id] == "away@example.org":
            raise SystemDown("no mail server")
        sent.append(by_id[notice_id])

    tried = await OutageMails(out.database, send).run_once(NOW)

    assert (tried, sent) == (2, ["there@example.org"])
    assert all(mail.occurrence.startswith(notices.OUTAGE) for mail in await out.mails())
