"""One refused sign-in: the account is held, work waits and says why, and a person who renews it lets it go on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from baton import wiring
from bots.registry import routes
from core.case import WaitsFor
from records import account_holds, waits
from records.account_holds import AccountHold
from records.intake import Receipt
from records.people import Role
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.support.floor import ORDERS
from tests.support.journey import Journey, bots_of
from tests.support.patience import PATIENCE
from tests.workflows.cast import item_of_its_own
from tests.workflows.test_work_item import ON_ITS_WAY, absent
from workflows.acts import RetryItem

ACCOUNT = "bot10"
VARIABLE = "BATON_SECRET_ORDERDESK_BOT10"
RIGHT, WRONG = "demo-bot-10", "canary-wrong-4711"


@pytest.fixture
async def one_account(desk_journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Journey]:
    """A running Baton whose order desk has one account, whose password is wrong."""
    monkeypatch.setenv(VARIABLE, WRONG)
    file = tmp_path / "systems.toml"
    file.write_text(f'[orderdesk.production]\naccounts = ["{ACCOUNT}"]\n')
    journey = replace(desk_journey, settings=desk_journey.settings.model_copy(update={"systems_file": file}))
    hands = routes(journey.settings, tmp_path)
    async with bots_of(journey, hands):
        yield journey
    for route in hands.values():
        await route.close()


def refused_sign_ins(journey: Journey) -> int:
    """What the order desk counts against the account."""
    answer = httpx.get(f"{journey.floor.orderdesk}/faults.json", timeout=PATIENCE)
    counted: dict[str, int] = answer.json()["failed_signins"]
    return counted.get(ACCOUNT, 0)


async def holds(journey: Journey) -> list[AccountHold]:
    """The accounts that are held."""
    async with journey.database.session() as session:
        return await account_holds.open_holds(session)


async def says_held(journey: Journey, receipt: Receipt) -> bool:
    """Whether the case's wait names the held account."""
    case = await journey.case(receipt)
    async with journey.database.session() as session:
        wait = (await waits.waits(session, [case]))[case.id]
    return wait.kind is WaitsFor.HELD_SYSTEM and f"account {ACCOUNT}" in wait.sentence()


@pytest.mark.failure_mode("F11")
async def test_one_refused_sign_in_holds_the_account(one_account: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """F11: with eight entries and a case waiting the desk counts one failed sign-in; a new password lets them go."""
    before = refused_sign_ins(one_account)
    items = [
        await item_of_its_own(one_account, MARK_FAILED_DELIVERY, absent(str(next(ORDERS))), before=ON_ITS_WAY)
        for _ in range(8)
    ]
    reading = await one_account.hand_in(str(next(ORDERS)))

    for receipt in [*items, reading]:
        await one_account.until(receipt, partial(says_held, one_account, receipt))
    (held,) = await holds(one_account)
    refused = refused_sign_ins(one_account) - before
    monkeypatch.setenv(VARIABLE, RIGHT)
    who, tried = await wiring.try_sign_in(one_account.settings, "orderdesk-bot10", "it@example.org")
    await one_account.until_item(items[0], MARK_FAILED_DELIVERY.name, "done")

    assert (held.who, held.code, refused) == ("orderdesk/production/bot10", "sign_in_refused", 1)
    assert (who, tried.works, tried.cleared) == ("orderdesk/production/bot10", True, 1)
    assert refused_sign_ins(one_account) - before == 1


async def test_a_missing_credential_is_never_tried(one_account: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a password nobody signs in: the account is held for that reason, and a test of it says so."""
    before = refused_sign_ins(one_account)
    monkeypatch.delenv(VARIABLE)
    receipt = await item_of_its_own(one_account, MARK_FAILED_DELIVERY, absent(str(next(ORDERS))), before=ON_ITS_WAY)

    await one_account.until(receipt, lambda: says_held(one_account, receipt))
    _, tried = await wiring.try_sign_in(one_account.settings, "orderdesk-bot10", "it@example.org")
    held = [hold.code for hold in await holds(one_account)]

    assert held == ["credential_missing"]
    assert (tried.works, tried.code) == (False, "credential_missing")
    assert refused_sign_ins(one_account) == before


async def test_what_is_held_back_goes_when_a_person_says_so(
    one_account: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person has an entry that its account holds back tried now: it stays held, and is entered once when it may."""
    monkeypatch.delenv(VARIABLE)
    receipt = await item_of_its_own(one_account, MARK_FAILED_DELIVERY, absent(str(next(ORDERS))), before=ON_ITS_WAY)
    await one_account.until(receipt, lambda: says_held(one_account, receipt))
    (item,) = await one_account.items(receipt)

    await one_account.act_on_item(item, "retry", RetryItem(by=await one_account.person(Role.SUPERVISOR)))
    await one_account.until(receipt, lambda: says_held(one_account, receipt))
    monkeypatch.setenv(VARIABLE, RIGHT)
    await wiring.try_sign_in(one_account.settings, "orderdesk-bot10", "it@example.org")
    done = await one_account.until_item(receipt, MARK_FAILED_DELIVERY.name, "done")

    assert (await one_account.events(receipt)).count("item.retried") == 1
    assert (done.attempts, done.adopted) == (1, False)
