"""`baton check` and `baton status` name what an account lacks: environment, credential, a hold, a day that comes."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from baton import check_accounts, status
from core.settings import Settings
from records import account_holds
from records.account_holds import AccountHold
from records.database import Database

ONE = '[orderdesk.test]\naddress = "http://test.example.org"\naccounts = ["try1"]\n'
VARIABLE = "BATON_SECRET_ORDERDESK_TEST_TRY1"


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """One environment with one account."""
    file = tmp_path / "systems.toml"
    file.write_text(ONE)
    return Settings(systems_file=file, database_url=database_url, data_dir=tmp_path)


def test_a_bad_systems_file_is_named(settings: Settings, tmp_path: Path) -> None:
    """Every fault of the file is a line of the remedy."""
    (tmp_path / "systems.toml").write_text(ONE + 'locale = "german"\nproxy = "x"\n')

    found = check_accounts.environments(settings)

    assert not found.well
    assert [line.partition(": ")[0] for line in found.mend.splitlines()] == ["[orderdesk.test]"] * 2
    assert not check_accounts.credentials(settings).well


def test_a_missing_credential_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, with what to type; once it is there all is well."""
    missing = check_accounts.credentials(settings)
    monkeypatch.setenv(VARIABLE, "canary")

    found = check_accounts.credentials(settings)

    assert (missing.well, missing.said) == (False, "missing: orderdesk-test-try1")
    assert "baton secrets set orderdesk-test-try1" in missing.mend
    assert found.well


@pytest.mark.parametrize(("days", "well", "words"), [(-1, False, "expired"), (3, True, "expires in 3 days")])
def test_a_day_that_comes_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, days: int, well: bool, words: str
) -> None:
    """A credential that has expired is not well; one that soon will is told of."""
    monkeypatch.setenv(VARIABLE, "canary")
    monkeypatch.setenv(f"{VARIABLE}_EXPIRES", (datetime.now(UTC) + timedelta(days=days, hours=1)).isoformat())

    found = check_accounts.credentials(settings)

    assert (found.well, words in found.said + found.mend) == (well, True)


def test_a_held_account_is_named_with_what_to_do(settings: Settings) -> None:
    """Check and status both name account, reason and the verb that clears it."""
    held = AccountHold(
        system="orderdesk",
        environment="test",
        account="try1",
        credential="orderdesk-test-try1",
        code="password_expired",
        since=datetime(2026, 11, 22, 8, tzinfo=UTC),
    )

    async def hold() -> list[str]:
        database = Database(settings.database_url)
        async with database.session() as session:
            await account_holds.place(session, held)
        await database.close()
        report, _ = await status.look(settings, {})
        return report.wrong

    wrong = asyncio.run(hold())
    found = check_accounts.accounts(settings)

    assert not found.well
    for said in (found.mend, " ".join(wrong)):
        assert "orderdesk/test/try1" in said
        assert "password_expired" in said
        assert "baton secrets test orderdesk-test-try1" in said
