"""The versions of playbooks: which are refused, which are kept, and which can be chosen when the upkeep begins anew."""

from datetime import timedelta
from pathlib import Path

import pytest

from fallbacks.playbooks import FollowPlaybooks
from records import playbooks
from tests.fallbacks.conftest import NOW
from tests.fallbacks.test_playbooks import beat, file, out, says
from tests.support.outage_cast import OutOfOrder

__all__ = ["beat", "file", "out"]


async def test_a_version_that_says_something_else_is_refused(
    beat: FollowPlaybooks, out: OutOfOrder, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was seen stays as it was seen: the changed file counts once it says another version, and both are kept."""
    await beat.run_once(NOW)
    says(file, ('refund = "person"', 'refund = "deferred"'))
    await beat.run_once(NOW + timedelta(hours=1))
    async with out.database.session() as session:
        still = (await playbooks.current(session, "orderdesk"))[0]
    says(file, ('version = "1"', 'version = "2"'))
    await beat.run_once(NOW + timedelta(hours=2))

    async with out.database.session() as session:
        now = (await playbooks.current(session, "orderdesk"))[0]
        seen = [
            (row.version, row.seen_at, row.written_by) for row in await playbooks.history(session) if row.name == "ours"
        ]
    assert (still.version, still.content["routes"]) == ("1", {"refund": "person"})
    assert (now.version, now.content["routes"]) == ("2", {"refund": "deferred"})
    assert seen == [("2", NOW + timedelta(hours=2), "Ines Kord"), ("1", NOW, "Ines Kord")]


async def test_a_version_from_before_there_were_titles_says_the_same(
    beat: FollowPlaybooks, out: OutOfOrder, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What an older Baton kept without the key is no other version of a file that has no title either."""
    says(file, ('title = "Refunds by hand"\n', ""))
    await beat.run_once(NOW)
    async with out.database.session() as session:
        (row,) = [row for row in await playbooks.history(session) if row.name == "ours"]
        row.content = {key: value for key, value in row.content.items() if key != "title"}
        session.add(row)

    await FollowPlaybooks(out.database, file, None).run_once(NOW + timedelta(hours=1))

    async with out.database.session() as session:
        called = [playbooks.playbook_of(row).called for row in await playbooks.current(session, "orderdesk")]
    assert "says something else today" not in caplog.text
    assert called[0] == "ours"


async def test_what_counted_before_the_upkeep_began_anew_counts_on(
    beat: FollowPlaybooks, out: OutOfOrder, file: Path
) -> None:
    """Another process that reads the same file finds the same playbooks there to be chosen, again and again."""
    await beat.run_once(NOW)
    async with out.database.session() as session:
        before = [(row.name, row.is_default) for row in await playbooks.current(session)]

    after = []
    for minutes in (1, 2):
        await FollowPlaybooks(out.database, file, None).run_once(NOW + timedelta(minutes=minutes))
        async with out.database.session() as session:
            after.append([(row.name, row.is_default) for row in await playbooks.current(session)])

    assert ("ours", True) in before
    assert after == [before, before]
