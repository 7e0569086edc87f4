"""How somebody wants to be told: kept when it is right, else given back with a sentence; a webhook that is tried."""

from dataclasses import replace

import httpx
import pytest
from sqlmodel import select
from standardwebhooks import Webhook

from core import clock
from records.people import Role
from records.told import Tell, Told, ToldState, tell
from records.told_preference import Channel, ToldPreference
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.receiver import Receiver, receiving

AGENT = "agent@example.org"


@pytest.fixture
def inside(console: Console) -> None:
    """The operator allows webhooks to this machine; the clock is the real one, as signatures want it."""
    settings = console.parts.settings.model_copy(update={"webhook_networks": "127.0.0.0/8"})
    console.app.state.collaborators = replace(console.parts, settings=settings, clock=clock.now)


async def wishes(console: Console) -> ToldPreference | None:
    """What is kept of the agent's wishes."""
    async with console.database.session() as session:
        return (await session.exec(select(ToldPreference).where(ToldPreference.person == AGENT))).one_or_none()


async def test_wishes_are_kept_and_shown(console: Console, agent: httpx.AsyncClient) -> None:
    """Channels, zone and hours come back as they were chosen; what waits is looked at again by them."""
    async with console.database.session() as session:
        await tell(session, NOW, Tell(kind="assigned", occurrence="a", to=f"person:{AGENT}", text="x", path="/"))
        row = (await session.exec(select(Told))).one()
        row.due_at = NOW.replace(year=2027)
    form = {"to_assigned": "mail", "to_loop": "none", "time_zone": "Europe/Berlin"}

    answer = await agent.post("/me", data={**form, "hours": "Mon-Thu 08:00-16:30\r\n\r\n Fri 08:00-12:00 "})

    page, kept = (await agent.get("/me")).text, await wishes(console)
    async with console.database.session() as session:
        waiting = (await session.exec(select(Told))).one()
    assert answer.status_code == 303
    assert kept is not None
    assert (kept.channel("assigned"), kept.channel("loop"), kept.channel("breached")) == ("mail", "none", "page")
    assert kept.hours == ["Mon-Thu 08:00-16:30", "Fri 08:00-12:00"]
    assert "Mon-Thu 08:00-16:30\nFri 08:00-12:00</textarea>" in page
    assert 'value="Europe/Berlin"' in page
    assert (waiting.state, waiting.due_at) == (ToldState.WAITING, NOW)


WRONG = (
    ({"hours": "Mon-Fri 8-16"}, "write it as Mon-Fri 06:00-12:00"),
    ({"hours": "Mon-Fry 08:00-16:00"}, "names no weekday"),
    ({"hours": "\n".join(["Mon 08:00-09:00"] * 31)}, "At most 30 periods."),
    ({"time_zone": "Berlin"}, "There is no time zone Berlin"),
    ({"to_assigned": "pigeon"}, "Please choose one of the four."),
    ({"to_assigned": "webhook"}, "Something is to go by webhook, so it needs an address."),
    ({"webhook_url": "http://127.0.0.1:8400/"}, "This address is inside the house"),
    ({"webhook_url": "https://169.254.169.254/latest"}, "This address is inside the house"),
    ({"webhook_url": "http://93.184.215.14/"}, "Please give an address that begins with https://."),
    ({"webhook_url": "file:///etc/passwd"}, "Please give a web address"),
    ({"webhook_url": "https://" + "a" * 1000}, "At most 1000 characters."),
)


async def test_what_is_wrong_is_said_beside_what_was_typed(console: Console, agent: httpx.AsyncClient) -> None:
    """F61: a clear sentence, 422, nothing kept, and everything typed stands there again."""
    for form, sentence in WRONG:
        answer = await agent.post("/me", data={"to_breached": "mail", "time_zone": "Europe/Paris", **form})

        assert (answer.status_code, sentence in answer.text) == (422, True), form
        assert all(value.split("\n")[0] in answer.text for name, value in form.items() if name != "to_assigned")
        assert '<option value="mail" selected>' in answer.text
    assert await wishes(console) is None


async def test_nothing_typed_is_lost_while_the_records_are_away(away: httpx.AsyncClient) -> None:
    """The database does not answer: the hours come back with a button to send them again."""
    await away.get("/sign-in")
    away.cookies.set("baton_session", "x")

    answer = await away.post("/me", data={"hours": "Mon-Fri 08:00-16:30"})

    assert answer.status_code == 503
    assert "Mon-Fri 08:00-16:30" in answer.text


@pytest.mark.usefixtures("inside")
async def test_a_webhook_is_tried_with_a_signed_call(console: Console, agent: httpx.AsyncClient) -> None:
    """The test arrives once, signed with the secret on the page; a new secret signs the next one; a no is told."""
    receiver = Receiver()
    async with receiving(receiver) as url:
        before = await agent.post("/me/tests")
        await agent.post("/me", data={"to_assigned": "webhook", "webhook_url": url})
        first = await wishes(console)
        await agent.post("/me/tests")
        said = (await agent.get("/me")).text
        await agent.post("/me/secrets")
        second = await wishes(console)
        await agent.post("/me/tests")
        receiver.answer = "410 Gone"
        await agent.post("/me/tests")
        page = (await agent.get("/me")).text

    assert before.status_code == 303
    assert first is not None
    assert second is not None
    assert (first.channel("assigned"), first.webhook_secret[:6]) == (Channel.WEBHOOK, "whsec_")
    assert "Your webhook took the test." in said
    assert first.webhook_secret in said
    one, two, _ = receiver.calls
    assert Webhook(first.webhook_secret).verify(one.body, one.headers)["type"] == "told.test"
    assert Webhook(second.webhook_secret).verify(two.body, two.headers)["type"] == "told.test"
    assert first.webhook_secret != second.webhook_secret
    assert "Your webhook did not take the test: answer 410." in page


@pytest.mark.usefixtures("inside")
async def test_a_webhook_that_does_not_answer_is_said_so(console: Console, agent: httpx.AsyncClient) -> None:
    """Nobody listens, or somebody hangs up: the page tells which, and that only the second may have arrived."""
    receiver = Receiver(answer="")
    await agent.post("/me", data={"webhook_url": "http://127.0.0.1:9/"})
    await agent.post("/me/tests")
    away = (await agent.get("/me")).text
    async with receiving(receiver) as url:
        await agent.post("/me", data={"webhook_url": url})
        await agent.post("/me/tests")
        doubt = (await agent.get("/me")).text

    assert "does not answer; nothing was sent" in away
    assert "nobody knows whether it arrived" in doubt


async def test_everybody_has_their_own(console: Console, as_role: SignedIn) -> None:
    """Each role sees and sets its own wishes; the secret of one is on nobody else's page."""
    async with console.database.session() as session:
        session.add(
            ToldPreference(person=AGENT, channels={}, hours=[], webhook_secret="whsec_c2VjcmV0", updated_at=NOW)
        )

    pages = {role: (await (await as_role(role)).get("/me")).text for role in Role}

    assert {role for role, page in pages.items() if "whsec_" in page} == {Role.AGENT}
