"""A held account is held once, for all, and cleared by somebody with a name."""

from records import account_holds
from records.account_holds import AccountHold
from records.database import Database
from tests.records.conftest import NOW


def hold(account: str = "bot01", environment: str = "production", credential: str = "") -> AccountHold:
    """A refused sign-in."""
    return AccountHold(
        system="orderdesk",
        environment=environment,
        account=account,
        credential=credential or f"orderdesk-{account}",
        code="sign_in_refused",
        since=NOW,
    )


async def test_an_account_is_held_once(database: Database) -> None:
    """A second refusal changes nothing of the first; another environment has accounts of its own."""
    async with database.session() as session:
        placed = [await account_holds.place(session, one) for one in (hold(), hold(), hold("bot02", "test", "t"))]

    async with database.session() as session:
        assert placed == [True, False, True]
        assert await account_holds.held(session, "orderdesk", "production") == {"orderdesk-bot01"}


async def test_a_cleared_hold_says_by_whom_and_the_account_can_be_held_again(database: Database) -> None:
    """Who, when and why stay in the row; the next refusal is a row of its own."""
    async with database.session() as session:
        await account_holds.place(session, hold())
        cleared = await account_holds.clear(session, "orderdesk-bot01", "it@example.org", "signed in", NOW)
        again = await account_holds.place(session, hold())

    async with database.session() as session:
        assert (cleared, again) == (1, True)
        assert [one.who for one in await account_holds.open_holds(session)] == ["orderdesk/production/bot01"]
        assert await account_holds.clear(session, "orderdesk-bot09", "x", "y", NOW) == 0
