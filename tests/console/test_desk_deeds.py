"""What an agent does with a case they have: checked where it is typed, kept when it is refused, seen by colleagues."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlmodel import col, select

from console import moments
from handoff import macros, protocols
from records import access, presence
from records.case import Case
from records.database import Database
from records.handoff import Handoff, HandoffQuestion, QuestionState
from records.outbox import OutboxRow
from records.people import Role
from records.waiting_act import WaitingAct
from tests.console.conftest import NOW, Console, SignedIn
from tests.console.test_desk import AGENT, LATER, mine
from tests.support.desk_cast import offer

ASKED = {"to_kind": "depot", "to_address": "nord@depot.example", "question": "Where is it?", "ask_when": "4h"}


async def handoff_of(console: Console, number: str) -> Handoff:
    async with console.database.session() as session:
        joined = select(Handoff).join(Case).where(Case.number == number)
        return (await session.exec(joined)).one()


async def change(console: Console, number: str, **columns: Any) -> Handoff:
    async with console.database.session() as session:
        handoff = await session.get_one(Handoff, (await handoff_of(console, number)).id)
        handoff.sqlmodel_update(columns)
    return handoff


def seen_on(page: str) -> str:
    """What the page's forms carry of what it shows."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None
    return unescape(found[1])


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("questions", {**ASKED, "question": ""}, "This is needed, with at least 3 characters."),
    ("questions", {**ASKED, "to_address": ""}, "No mail address of the depot is known: write one."),
    ("questions", {**ASKED, "to_kind": "colleague", "to_colleague": AGENT}, "Choose a colleague."),
    ("questions", {**ASKED, "ask_when": "moment", "ask_at": ""}, "Pick a day and a time."),
    ("questions", {**ASKED, "ask_when": "moment", "ask_at": "2026-11-20T09:00"}, "That moment is over"),
    ("asides", {"aside_when": "1h", "aside_why": ""}, "This is needed, with at least 3 characters."),
    ("returns", {"back_reason": "x"}, "This is needed, with at least 3 characters."),
    ("transfers", {"pass_to": "queue:service", "pass_reason": "not ours"}, "Choose another queue, or a colleague."),
    ("transfers", {"pass_to": "to:nobody@example.org", "pass_reason": "yours"}, "Choose another queue, or"),
    ("transfers", {"pass_to": "queue:dispatch", "pass_reason": ""}, "This is needed"),
    ("desk-notes", {"note_kind": "phone", "said": ""}, "This is needed, with at least 3 characters."),
]
AWAY: list[tuple[str, dict[str, str], str]] = [
    ("questions", ASKED, "Where is it?"),
    ("asides", {"aside_when": "1h", "aside_why": "the depot opens at one"}, "the depot opens at one"),
    ("returns", {"back_reason": "which of the two parcels"}, "which of the two parcels"),
    ("transfers", {"pass_to": "queue:dispatch", "pass_reason": "a matter of routes"}, "a matter of routes"),
    ("desk-notes", {"note_kind": "phone", "said": "rang twice"}, "rang twice"),
    ("preparations", {"kind": "close", "note": "cancelled", "decider": "supervisor@example.org"}, "cancelled"),
]


async def waiting_on(database: Database) -> list[OutboxRow]:
    """What was kept, in the order of its delivery."""
    rows = select(OutboxRow).join(WaitingAct, col(WaitingAct.outbox_id) == col(OutboxRow.id))
    async with database.session() as session:
        return list(await session.exec(rows.order_by(col(WaitingAct.place))))


async def test_what_is_wrong_is_said_where_it_was_typed(agent: httpx.AsyncClient, console: Console) -> None:
    """A form that cannot be taken is answered 422, stands open with the sentence, and keeps what was typed."""
    number = await mine(console)

    for noun, typed, said in WRONG:
        answer = await agent.post(f"/cases/{number}/{noun}", data=typed)

        page = unescape(answer.text)
        texts = [text for name, text in typed.items() if name in ("pass_reason", "question", "to_address") and text]
        assert answer.status_code == 422, typed
        assert said in page, typed
        assert re.search(r'<details name="deed" id="\w+" open>', page), typed
        assert all(text in page for text in texts), typed


async def test_nothing_typed_is_lost_while_temporal_is_away(agent: httpx.AsyncClient, console: Console) -> None:
    """Without Temporal each word is kept as it was typed, in its order, and the page says what waits."""
    number = await mine(console)

    for noun, typed, _ in AWAY:
        answer = await agent.post(f"/cases/{number}/{noun}", data={**typed, "key": f"{noun}-key"})
        assert answer.status_code == 303, answer.text
    waiting = await waiting_on(console.database)
    page = (await agent.get(f"/desk/{number}")).text
    assert [row.update for row in waiting] == ["ask", "come_back", "return_it", "transfer", "note", "note", "transfer"]
    assert all(kept in str([row.argument for row in waiting]) for _, _, kept in AWAY)
    assert "Put aside" in page
    assert "delivered when Temporal is back" in page


async def test_who_is_not_the_holder_can_only_note(console: Console, as_role: SignedIn) -> None:
    """A case of somebody else offers a note and an answer, and neither asking nor passing on."""
    number = await offer(console.database, NOW, "4700126", LATER, holder=AGENT)

    page = (await (await as_role(Role.SUPERVISOR)).get(f"/desk/{number}")).text

    assert f"/cases/{number}/desk-notes" in page
    assert not any(f"/cases/{number}/{noun}" in page for noun in ("questions", "asides", "transfers", "returns"))


async def test_a_case_that_changed_is_not_decided_by_an_old_page(agent: httpx.AsyncClient, console: Console) -> None:
    """F54: 409 with both sides side by side and the text kept; sent again from the new page, it goes through."""
    number = await mine(console)
    before = seen_on((await agent.get(f"/desk/{number}")).text)
    packet = (await handoff_of(console, number)).packet
    await change(console, number, packet={**packet, "order": {**packet["order"], "house_no": "21 b"}})
    typed = {"kind": "close", "note": "customer cancelled"}

    stale = await agent.post(f"/cases/{number}/previews", data={**typed, "seen": before})
    again = await agent.post(f"/cases/{number}/previews", data={**typed, "seen": seen_on(stale.text)})

    assert stale.status_code == 409
    assert '<th scope="row">House number</th><td class="quiet">12</td><td><strong>21 b</strong></td>' in stale.text
    assert "customer cancelled</textarea>" in stale.text
    assert again.status_code == 200


async def test_who_lost_the_case_keeps_their_words(agent: httpx.AsyncClient, console: Console) -> None:
    """F54: moved to somebody else while a form was written: 409, who has it now, and every word to copy."""
    number = await mine(console)
    before = seen_on((await agent.get(f"/desk/{number}")).text)
    await change(console, number, picked_up_by="somebody@example.org")
    typed = {"kind": "close", "note": "she is home at four", "question": "Are you home at four?", "pass_reason": "ill"}

    for noun in ("resolutions", "questions", "transfers"):
        answer = await agent.post(f"/cases/{number}/{noun}", data={**typed, "seen": before})

        page = unescape(answer.text)
        assert answer.status_code == 409
        assert "<strong>with somebody@example.org</strong>" in page
        assert "What you typed is kept here." in page
        assert "<dd>she is home at four</dd>" in page


async def test_colleagues_see_who_looks_and_who_types(console: Console, as_role: SignedIn) -> None:
    """An open workbench is seen by others at once, typing too, and no longer once it has not been heard of."""
    number = await mine(console)
    agent, supervisor = await as_role(Role.AGENT), await as_role(Role.SUPERVISOR)
    await agent.get(f"/desk/{number}")

    looks = (await supervisor.get(f"/desk/{number}")).text
    heard = await agent.post(f"/cases/{number}/presences", data={"typing": "yes"})
    types = (await supervisor.post(f"/cases/{number}/presences")).text
    async with console.database.session() as session:
        handoff = await handoff_of(console, number)
        later = await presence.others(session, handoff.id, "x", NOW + presence.LASTS + timedelta(seconds=1))

    assert "Agent looks at this now" in looks
    assert "Supervisor looks at this now" in heard.text
    assert "Agent is typing" in types
    assert later == []


async def test_a_question_is_shown_with_who_answers(agent: httpx.AsyncClient, console: Console) -> None:
    """An open question with whom, until when and a way to write the answer down; one that ended with its answer."""
    number = await mine(console)
    handoff = await handoff_of(console, number)
    plain: dict[str, Any] = {"handoff_id": handoff.id, "case_id": handoff.case_id, "asked_by": AGENT, "asked_at": NOW}
    async with console.database.session() as session:
        for to_kind, state, answer in (
            ("depot", "open", ""),
            ("customer", "answered", "Number 21"),
            ("carrier", "expired", ""),
        ):
            session.add(
                HandoffQuestion(
                    **plain,
                    to_kind=to_kind,
                    to_address=f"{to_kind}@example.org",
                    question=f"what does the {to_kind} know",
                    expires_at=NOW + timedelta(hours=4),
                    state=QuestionState(state),
                    answer=answer,
                )
            )

    page = (await agent.get(f"/desk/{number}")).text

    assert "1 open" in page
    assert "The depot</strong>" in page
    assert page.count("I got the answer…") == 1
    assert "Number 21" in page
    assert "no answer in time" in page


async def test_a_right_that_is_gone_loses_no_word(agent: httpx.AsyncClient, console: Console) -> None:
    """Between page and button the role was taken away: 403 with a sentence, and what was typed."""
    number = await mine(console)
    async with console.database.session() as session:
        await access.set_role(session, AGENT, Role.OPS, NOW)

    answers = [await agent.post(f"/cases/{number}/{noun}", data=typed) for noun, typed, _ in AWAY]

    assert {answer.status_code for answer in answers} == {403}
    assert all(kept in unescape(answer.text) for answer, (_, _, kept) in zip(answers, AWAY, strict=True))
    assert "Your role, Operations, does not allow this." in answers[0].text


def test_a_moment_counts_in_the_readers_zone() -> None:
    """Tomorrow at eight is eight o'clock where the page is read, across a change of the clock; what is none is UTC."""
    berlin, before_change = ZoneInfo("Europe/Berlin"), datetime(2027, 3, 27, 20, 0, tzinfo=UTC)
    picked = {"aside_when": "moment", "aside_at": "2027-03-28T08:00"}

    preset = moments.read({"aside_when": "tomorrow"}, "aside", before_change, berlin)
    own = moments.read(picked, "aside", before_change, berlin)

    assert preset == own == (datetime(2027, 3, 28, 6, 0, tzinfo=UTC), ())
    assert moments.zone("Mars/Base", "nowhere").key == "UTC"


def test_a_ready_text_is_filled_with_what_is_known() -> None:
    """A macro of this cause names the order; one that lacks what it names, or is for another cause, is not offered."""
    known = {"order_no": "4700126", "parcels": "P-88112345"}

    found = macros.macros("failed-delivery", "absence", known)

    titles = [macro.title for macro in found]
    assert "Ask when somebody is at home" in titles
    assert "Ask for a photo of the damage" not in titles
    assert "Called, nobody answered" not in titles
    assert all("{" not in text for macro in found for text in macro.fields.values())


async def test_a_ready_text_works_without_a_script(agent: httpx.AsyncClient, console: Console) -> None:
    """The link of a macro leads to the workbench with its form open and filled."""
    number = await mine(console)

    page = unescape((await agent.get(f"/desk/{number}?macro=right-address")).text)

    assert 'id="ask" open' in page
    assert "could not be delivered to Hafenweg 12, 28195 Bremen" in page


def test_a_protocol_has_its_local_steps() -> None:
    """Bremen adds its harbour to the steps of a wrong address; elsewhere they are the same without it."""
    here, there = protocols.protocol("address", "28195"), protocols.protocol("address", "80331")

    assert here is not None
    assert there is not None
    assert [step.id for step in here.steps] == [*(step.id for step in there.steps), "harbour"]
    assert protocols.protocol("", "28195") is None


async def test_a_page_that_shows_nothing_new_is_no_conflict(agent: httpx.AsyncClient, console: Console) -> None:
    """F54: a clock that ran on, and a form without what it was written on, are not taken for changes."""
    number = await mine(console)
    before = seen_on((await agent.get(f"/desk/{number}")).text)
    await change(console, number, due_at=NOW + timedelta(days=3), seq=99)

    answers = [
        await agent.post(f"/cases/{number}/previews", data={"kind": "close", "note": "cancelled", "seen": seen})
        for seen in (before, "", "no json", json.dumps([1]))
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
