"""Signing in at the order desk: one-time codes, and a password that changes while bots work."""

from collections.abc import Callable

import pytest

from bots.kit.contract import Job, Route, RouteKey, SignsIn
from core.faults import CredentialMissing, SignInRefused
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from tests.bots.desks import Demo

WAY = RouteKey("orderdesk", "bot")
VARIABLE = "BATON_SECRET_ORDERDESK_BOT08"
SEED = "JBSWY3DPEHPK3PXP"
Quiet = Callable[[str], None]


async def sign_in(route: Route, quiet: Quiet) -> None:
    """One fresh sign-in as bot08."""
    async with route.open("bot08", quiet) as hands:
        assert isinstance(hands, SignsIn)
        await hands.sign_in_once()


async def test_a_one_time_code_is_given(
    desk: Demo, fresh_routes: dict[RouteKey, Route], quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the seed the desk lets the bot in; without it, and with another one, it does not."""
    desk.faults(one_time_code="bot08")
    with pytest.raises(CredentialMissing):
        await sign_in(fresh_routes[WAY], quiet)
    monkeypatch.setenv(f"{VARIABLE}_TOTP", "MFRGGZDFMZTWQ2LK")
    with pytest.raises(SignInRefused):
        await sign_in(fresh_routes[WAY], quiet)

    monkeypatch.setenv(f"{VARIABLE}_TOTP", SEED)

    await sign_in(fresh_routes[WAY], quiet)


async def test_a_changed_password_counts_from_the_next_sign_in(
    desk: Demo, fresh_routes: dict[RouteKey, Route], quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The open session goes on while the password changes; once it is over the new value is typed."""
    entry = MarkFailedDelivery(order_no=desk.fresh_order(), reason_code="12", attempt=1)
    job = Job.of(MARK_FAILED_DELIVERY, entry, "BTN-ABCDEFGHJK")
    monkeypatch.setenv(VARIABLE, "demo-bot-08")
    await sign_in(fresh_routes[WAY], quiet)
    monkeypatch.setenv(VARIABLE, "the-new-one")

    async with fresh_routes[WAY].open("bot08", quiet) as hands:
        went_on = await hands.find(job)
    desk.faults(expire_sessions=True)

    assert went_on.readable
    async with fresh_routes[WAY].open("bot08", quiet) as hands:
        with pytest.raises(SignInRefused):
            await hands.find(job)
