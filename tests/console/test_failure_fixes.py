"""A group of failures is told to wait for a fix, or put aside, on pages of their own; an old page changes nothing."""

import re
from datetime import timedelta

import httpx
from sqlmodel import select

from failure.states import Review
from records.access import Action, may
from records.evidence_store import keep, reference
from records.failure import Failure, FailureAct
from records.people import Role
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.failure_cast import NEW, OLD, SCREEN, fail, goes_in, runs, the_group

BERLIN = {"snooze_when": "moment", "snooze_at": "2026-11-21T08:00", "zone": "Europe/Berlin"}


async def seen(client: httpx.AsyncClient, address: str) -> str:
    """What the form's page shows the group as."""
    found = re.search(r'name="seen" value="([^"]+)"', (await client.get(address)).text)
    assert found is not None
    return found[1].replace("&#43;", "+")


async def history(console: Console) -> list[str]:
    """What was done to the group."""
    async with console.database.session() as session:
        return sorted(await session.exec(select(FailureAct.what)))


async def test_the_form_says_what_failed_and_what_runs(console: Console, supervisor: httpx.AsyncClient) -> None:
    """The version that failed, those that run with since when, and the screen where one is known."""
    await runs(console.database, OLD, 1, NOW - timedelta(days=1))
    await runs(console.database, NEW, 2)
    await fail(console.database, 2)

    page = (await supervisor.get(f"/failures/{(await the_group(console.database)).id}/fixes")).text

    assert f"newer than {OLD}, which failed" in page
    assert re.search(rf"Now: .*{NEW}</span> since .*{OLD}</span> since", page, re.DOTALL)
    assert f"The screen {SCREEN} is good again" in page


async def test_the_screen_of_a_group_that_is_over_is_still_seen(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """Its last failure ended: where it failed is what the next one like it will be compared with."""
    item, *_ = await fail(console.database, 1)
    async with console.database.session() as session:
        (tried,) = (await session.exec(select(Failure.attempt_id))).all()
        picture = reference(
            "screen.png", b"a picture", item_id=item, attempt_id=tried, kind="screenshot", taken="trouble", at=NOW
        )
        await keep(session, picture)
    here = f"/failures/{(await the_group(console.database)).id}"

    failing = (await supervisor.get(here)).text
    await goes_in(console.database, item, NOW)
    over = (await supervisor.get(here)).text

    assert f"/tries/{tried}" in failing
    assert f"/tries/{tried}" in over


async def test_a_group_waits_and_waits_no_more(console: Console, supervisor: httpx.AsyncClient) -> None:
    """What it waits for is kept with who asked; changed and ended again, each stands in the group's history."""
    await fail(console.database, 1)
    here = f"/failures/{(await the_group(console.database)).id}/fixes"
    wish = {"what": "version/bot", "version": NEW, "releases_itself": "yes"}

    await supervisor.post(here, data={**wish, "seen": await seen(supervisor, here)})
    waiting, shown = await the_group(console.database), (await supervisor.get(here)).text
    await supervisor.post(here, data={"what": "screen", "seen": await seen(supervisor, here)})
    other = await the_group(console.database)
    await supervisor.post(here, data={"what": "none"})

    ended = await the_group(console.database)
    assert waiting.waits_for is not None
    assert (waiting.review, waiting.waits_for["version"], waiting.releases_itself) == (
        Review.WAITING_FOR_FIX,
        NEW,
        True,
    )
    assert f'It waits for version <span class="code">{NEW}</span>, asked for by supervisor@example.org' in shown
    assert other.waits_for is not None
    assert (other.waits_for["screen"], other.releases_itself) == (SCREEN, False)
    assert (ended.review, ended.waits_for) == (Review.ACKNOWLEDGED, None)
    assert await history(console) == ["group.acknowledged", "group.waiting_for_fix", "group.waits_for"]


async def test_a_wish_that_is_none_is_said(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Nothing chosen, a way that is none, no version or an endless one: 422, and the group stays as it was."""
    await fail(console.database, 1)
    here = f"/failures/{(await the_group(console.database)).id}/fixes"
    form = {"seen": await seen(supervisor, here)}
    endless = {"what": "version/bot", "version": "x" * 81}

    answers = [
        await supervisor.post(here, data={**wish, **form})
        for wish in ({}, {"what": "newer/fax"}, {"what": "version/bot"}, endless)
    ]

    assert [(answer.status_code, "Not kept." in answer.text) for answer in answers] == [(422, True)] * 4
    assert (await the_group(console.database)).review is Review.NEW


async def test_an_old_page_changes_nothing(console: Console, supervisor: httpx.AsyncClient) -> None:
    """F54: 409 with how the group stands now and what was typed; once nothing is open the page says so."""
    (item,) = await fail(console.database, 1)
    here = f"/failures/{(await the_group(console.database)).id}/fixes"
    old = await seen(supervisor, here)
    await supervisor.post(here, data={"what": "newer/bot", "seen": old})

    late = await supervisor.post(here, data={"what": "version/bot", "version": "mine-9", "seen": old})
    await goes_in(console.database, item, NOW)
    over = await supervisor.get(here)

    assert (late.status_code, over.status_code) == (409, 409)
    assert "Meanwhile the group is waiting for fix" in late.text
    assert 'value="mine-9"' in late.text
    assert (await the_group(console.database)).review is Review.VERIFIED


async def test_a_group_is_put_aside_and_woken(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Until a time by the reader's clock, or until so many are open; woken by a form and by DELETE."""
    await fail(console.database, 2)
    here = f"/failures/{(await the_group(console.database)).id}/snoozes"
    stood = []

    for form in ({"snooze_when": "1h"}, BERLIN, {"snooze_when": "count", "count": "50"}):
        await supervisor.post(here, data=form)
        group = await the_group(console.database)
        stood.append((group.snoozed_until, group.snoozed_count))
    page = (await supervisor.get(here)).text
    await supervisor.post(f"{here}/endings")
    woken = await the_group(console.database)
    await supervisor.post(here, data=BERLIN)
    await supervisor.delete(here)

    morning = NOW + timedelta(hours=21, minutes=30)
    assert stood == [(NOW + timedelta(hours=1), None), (morning, None), (None, 50)]
    assert "It is snoozed until 50 are open" in page
    assert [(one.snoozed_until, one.snoozed_count) for one in (woken, await the_group(console.database))] == [
        (None, None)
    ] * 2
    assert await history(console) == ["group.snoozed"] * 4 + ["group.woken"] * 2


async def test_a_count_that_is_reached_already_is_refused(console: Console, supervisor: httpx.AsyncClient) -> None:
    """As many as are open now, no number, or no moment: 422 with a sentence, nothing put aside."""
    await fail(console.database, 2)
    here = f"/failures/{(await the_group(console.database)).id}/snoozes"
    reached, none = ({"snooze_when": "count", "count": text} for text in ("2", "x"))

    answers = [await supervisor.post(here, data=form) for form in (reached, none, {"snooze_when": "moment"})]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert (await the_group(console.database)).snoozed_count is None


async def test_only_who_reviews_failures_does_either(console: Console, as_role: SignedIn) -> None:
    """Everybody else is refused, and a group that is not there is not found."""
    await fail(console.database, 1)
    group = await the_group(console.database)

    for role in Role:
        client = await as_role(role)
        answers = [await client.get(f"/failures/{group.id}/{noun}") for noun in ("fixes", "snoozes")]
        wanted = 200 if may(role, Action.REVIEW_FAILURES) else 403
        assert [answer.status_code for answer in answers] == [wanted] * 2
    lead = await as_role(Role.SUPERVISOR)
    assert (await lead.get("/failures/00000000-0000-0000-0000-000000000000/fixes")).status_code == 404
