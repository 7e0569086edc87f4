"""Environments of a system: read from one file, refused in clear sentences, and never mixed up."""

from pathlib import Path

import pytest

from systems.environment import BadEnvironmentsError, Environments, environments
from systems.registry import SYSTEMS

ADDRESSES = {"orderdesk": "http://127.0.0.1:8404", "servicedesk": ""}
TEST = '[orderdesk.test]\naddress = "https://test.example.org"\n'


def read(folder: Path, text: str) -> Environments:
    """The environments of a file with that text."""
    file = folder / "systems.toml"
    file.write_text(text, encoding="utf-8")
    return environments(file, ADDRESSES, SYSTEMS)


def test_the_settings_alone_are_production() -> None:
    """Without a file there is one environment for each address that is set."""
    found = environments(None, ADDRESSES, SYSTEMS)

    assert [(one.system, one.name, one.address) for one in found] == [
        ("orderdesk", "production", "http://127.0.0.1:8404")
    ]


def test_names_of_credentials_hold_environments_apart(tmp_path: Path) -> None:
    """Each environment has credentials of its own, by convention or as the file names them."""
    found = read(tmp_path, TEST + '[orderdesk.abnahme]\naddress = "http://a"\ncredentials = "desk-abnahme-{account}"\n')

    names = [found.of("orderdesk", name).credential_of("bot", "bot01") for name in ("production", "test", "abnahme")]

    assert names == ["orderdesk-bot01", "orderdesk-test-bot01", "desk-abnahme-bot01"]
    assert found.of("servicedesk").credential_of("api", "api1") == "servicedesk-api-key"
    assert found.users(SYSTEMS)["orderdesk-test-bot01"] == ["orderdesk/test/bot01"]


def test_the_file_may_give_hours_to_production_alone(tmp_path: Path) -> None:
    """Production keeps the address of its setting; seats, hours and pace in the same table are no fault here."""
    found = read(tmp_path, "[orderdesk.production]\nseats = 2\n[servicedesk.production]\nentries_per_minute = 6\n")

    assert [(one.system, one.address) for one in found] == [("orderdesk", "http://127.0.0.1:8404")]


def test_an_environment_has_seats_of_its_own(tmp_path: Path) -> None:
    """Its accounts are those it names, else the system's."""
    found = read(tmp_path, TEST + 'accounts = ["try1"]\n')

    assert found.of("orderdesk", "test").accounts_of(SYSTEMS["orderdesk"], "bot") == ("try1",)
    assert found.of("orderdesk").accounts_of(SYSTEMS["orderdesk"], "bot") == SYSTEMS["orderdesk"].accounts


def test_the_account_that_looks_has_a_credential_and_no_seat(tmp_path: Path) -> None:
    """It is known to those who look after credentials, and no bot works with it."""
    found = read(tmp_path, TEST + 'probe_account = "look"\n')

    assert found.users(SYSTEMS)["orderdesk-test-look"] == ["orderdesk/test/look"]
    assert "look" not in found.of("orderdesk", "test").accounts_of(SYSTEMS["orderdesk"], "bot")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[orderdesk", "is not TOML"),
        (
            '[orderdsk.test]\naddress = "http://a"',
            "[orderdsk]: no such system; there are fieldboard, orderdesk, servicedesk",
        ),
        ("[orderdesk.test]", "[orderdesk.test]: address is missing."),
        ('[orderdesk.test]\naddress = "ftp://a"', "address must be http:// or https:// with a host."),
        ('[orderdesk.test]\naddress = "http://u:p@a"', "address must hold no user or password"),
        ('[orderdesk.Test]\naddress = "http://a"', "an environment's name has small letters"),
        (TEST + "adress = 1", "adress is no setting of an environment."),
        (TEST + 'ca_file = "/none/ca.pem"', "ca_file: there is no file /none/ca.pem."),
        (TEST + 'client_key = "/none/key.pem"', "client_certificate and client_key belong together."),
        (TEST + 'time_zone = "Bremen"', "time_zone: Bremen is no time zone"),
        (TEST + 'locale = "german"', "locale must be like de-DE."),
        (TEST + 'proxy = "proxy:3128"', "proxy must be http://, https:// or socks5://"),
        (TEST + "accounts = 3", "accounts"),
        (
            TEST + 'probe_account = "bot01"',
            "probe_account: bot01 makes entries; name an account",
        ),
        (TEST + 'probe_account = "look"\ncredentials = "desk"', "look has the credential of an account that makes"),
        ('address = "http://a"', "address: write it below [<system>.<environment>]."),
        ('[orderdesk]\naddress = "http://a"', "[orderdesk]: address: write it below [orderdesk.<environment>]."),
    ],
)
def test_a_bad_file_is_refused_in_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """What is wrong is said with where it stands; nothing of the file is used then."""
    with pytest.raises(BadEnvironmentsError) as told:
        read(tmp_path, text)

    assert sentence in str(told.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is named and not there is no empty file."""
    with pytest.raises(BadEnvironmentsError, match="No such file"):
        environments(tmp_path / "none.toml", ADDRESSES, SYSTEMS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[orderdesk.test]\naddress = "http://127.0.0.1:8404/"', "it has the address of production"),
        (TEST + 'credentials = "orderdesk-{account}"', "credential orderdesk-bot01 belongs to orderdesk.production"),
    ],
)
def test_a_test_environment_shares_nothing_with_production(tmp_path: Path, text: str, sentence: str) -> None:
    """The same address or the same credential in two environments is refused before anything starts."""
    with pytest.raises(BadEnvironmentsError) as told:
        read(tmp_path, text)

    assert sentence in str(told.value)
