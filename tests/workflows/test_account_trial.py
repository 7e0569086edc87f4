"""A try of an account from the console: one sign-in in the bots' process, however often it is asked for."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from temporalio.client import WorkflowHandle

from activities.sign_in import AT_WORK, Tried
from bots.registry import routes
from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records import account_holds, lease
from records.account_holds import AccountHold
from records.people import Role
from systems.environment import Environment, Environments
from tests.console.conftest import ADDRESS, _prove
from tests.replay.histories import keep_trial
from tests.support.journey import Journey, bots_of
from tests.support.patience import PATIENCE
from workflows.account_trial import AccountTrialWorkflow, AskTrial
from workflows.acts import QUEUE

ACCOUNT = "bot09"
WHO = f"orderdesk/production/{ACCOUNT}"
VARIABLE = "BATON_SECRET_ORDERDESK_BOT09"
RIGHT, WRONG = "demo-bot-09", "canary-wrong-4712"
TRIAL = f"/accounts/orderdesk/production/bot/{ACCOUNT}/trials"


@pytest.fixture
async def held(desk_journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Journey]:
    """A running Baton with one account, held since its password is wrong."""
    monkeypatch.setenv(VARIABLE, WRONG)
    file = tmp_path / "systems.toml"
    file.write_text(f'[orderdesk.production]\naccounts = ["{ACCOUNT}"]\n')
    journey = replace(desk_journey, settings=desk_journey.settings.model_copy(update={"systems_file": file}))
    async with journey.database.session() as session:
        hold = AccountHold(
            system="orderdesk",
            environment="production",
            account=ACCOUNT,
            credential=f"orderdesk-{ACCOUNT}",
            code="sign_in_refused",
            since=clock.now(),
        )
        await account_holds.place(session, hold)
    hands = routes(journey.settings, tmp_path)
    async with bots_of(journey, hands):
        yield journey
    for route in hands.values():
        await route.close()


def sign_ins(journey: Journey) -> int:
    """What the order desk counts against the account."""
    answer = httpx.get(f"{journey.floor.orderdesk}/faults.json", timeout=PATIENCE)
    counted: dict[str, int] = answer.json()["failed_signins"]
    return counted.get(ACCOUNT, 0)


async def site(journey: Journey) -> httpx.AsyncClient:
    """The console over that Baton, with somebody of IT at it."""
    await journey.person(Role.IT)
    places = Environments([Environment(system="orderdesk", address=journey.floor.orderdesk, accounts=(ACCOUNT,))])
    parts = Collaborators(journey.database, journey.client, journey.settings, None, clock.now, lambda: places)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url=ADDRESS, event_hooks={"request": [_prove]})
    await client.get("/sign-in")
    await client.post("/sign-in", data={"email": "it@example.org", "password": "a-long-password"})
    return client


async def asked(journey: Journey, key: str, role: Role = Role.IT) -> WorkflowHandle[AccountTrialWorkflow, Tried]:
    """The workflow of one try, as the console starts it."""
    by = await journey.person(role)
    ask = AskTrial(system="orderdesk", environment="production", route="bot", account=ACCOUNT, by=by, key=key)
    return await journey.client.start_workflow(AccountTrialWorkflow.run, ask, id=f"account/{WHO}", task_queue=QUEUE)


@pytest.mark.failure_mode("F11")
async def test_two_clicks_are_one_sign_in(held: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """F11: sent twice at once and once more later, a form costs one refused sign-in; a right password ends the hold."""
    client, before = await site(held), sign_ins(held)

    await asyncio.gather(*(client.post(TRIAL, data={"key": "first"}) for _ in range(2)))
    await client.post(TRIAL, data={"key": "first"})
    refused = (await client.get("/accounts")).text
    await keep_trial(held, f"account/{WHO}", "refused")
    monkeypatch.setenv(VARIABLE, RIGHT)
    await client.post(TRIAL, data={"key": "second"})
    works = (await client.get("/accounts")).text
    await keep_trial(held, f"account/{WHO}", "worked")
    await client.aclose()

    assert sign_ins(held) - before == 1
    assert "1 of 1 accounts is held" in refused
    assert "did not accept the bot&#39;s sign-in" in refused
    assert "The sign-in worked. Its hold has ended" in works
    assert "All 1 accounts may sign in" in works
    assert WRONG not in refused + works


async def test_a_try_waits_for_nobody_and_needs_the_right(held: Journey) -> None:
    """While a bot works with the account nothing is tried; started past the console by an agent, neither."""
    before = sign_ins(held)
    async with held.database.session() as session:
        await lease.acquire(session, f"account/{WHO}", "a bot", 60)

    busy = await (await asked(held, "busy")).result()
    barred = await (await asked(held, "barred", Role.AGENT)).result()
    await keep_trial(held, f"account/{WHO}", "not_allowed")

    assert (busy.works, busy.sentence) == (False, AT_WORK)
    assert (barred.works, barred.code) == (False, "not_allowed")
    assert sign_ins(held) == before
