"""Wherever credentials are kept: the same answers, the same faults, and no value where nobody asked for one."""

import copy
import json
import logging
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from bots.kit.secrets.environment import EnvironmentSecrets
from bots.kit.secrets.file import FileSecrets
from bots.kit.secrets.seam import Secret, Secrets, SecretsAway
from bots.kit.secrets.totp import code_at
from bots.kit.secrets.vault import VaultAt, VaultSecrets
from core.faults import CredentialMissing
from tests.support.vault import ROLE, SECRET_ID, Vault

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ENDS = datetime(2026, 12, 1, tzinfo=UTC)
SEED = "JBSWY3DPEHPK3PXP"
VALUE = "canary-7f3a-Größe'\"\\"


class Place(Protocol):
    """A provider under test: how to put a credential in, and how to break it."""

    @property
    def secrets(self) -> Secrets: ...

    def put(self, name: str, value: str) -> None: ...
    def put_whole(self, name: str, value: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def breaks(self) -> None: ...


class EnvironmentPlace:
    """The environment."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.secrets = EnvironmentSecrets(self.variables)

    def put(self, name: str, value: str) -> None:
        self.variables[f"BATON_SECRET_{name.upper().replace('-', '_')}"] = value

    def put_whole(self, name: str, value: str) -> None:
        self.put(name, value)
        self.put(f"{name}-user", "Bot One")
        self.put(f"{name}-totp", SEED)
        self.put(f"{name}-expires", "2026-12-01")

    def remove(self, name: str) -> None:
        del self.variables[f"BATON_SECRET_{name.upper().replace('-', '_')}"]

    def breaks(self) -> None:
        raise AssertionError("an environment is always there")


class FilePlace:
    """The encrypted file."""

    def __init__(self, folder: Path) -> None:
        self.file, self.key = folder / "secrets.json", folder / "keys" / "secrets.key"
        self.secrets = FileSecrets(self.file, self.key)

    def put(self, name: str, value: str) -> None:
        self.secrets.keep(Secret(name, value), NOW)

    def put_whole(self, name: str, value: str) -> None:
        self.secrets.keep(Secret(name, value, user="Bot One", totp_seed=SEED, expires_at=ENDS), NOW)

    def remove(self, name: str) -> None:
        self.secrets.remove(name)

    def breaks(self) -> None:
        self.key.unlink()


class VaultPlace:
    """Vault, as a token or as an AppRole."""

    def __init__(self, vault: Vault, folder: Path, *, approle: bool) -> None:
        self.vault = vault
        (folder / "token").write_text(f"{vault.token}\n")
        (folder / "secret-id").write_text(f"{SECRET_ID}\n")
        who = {"role_id": ROLE, "secret_id_file": folder / "secret-id"} if approle else {"token_file": folder / "token"}
        self.secrets = VaultSecrets(VaultAt.model_validate({"url": vault.url, **who}))

    def put(self, name: str, value: str) -> None:
        self.vault.put(name, password=value)

    def put_whole(self, name: str, value: str) -> None:
        about = {"expires_at": "2026-12-01"}
        self.vault.put(name, about, password=value, username="Bot One", totp_seed=SEED)

    def remove(self, name: str) -> None:
        self.vault.delete(name)

    def breaks(self) -> None:
        self.vault.sealed = True


@pytest.fixture
def vault() -> Iterator[Vault]:
    """A small Vault."""
    with Vault() as running:
        yield running


@pytest.fixture(params=["environment", "file", "vault-token", "vault-approle"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each provider in turn."""
    make: dict[str, Callable[[], Place]] = {
        "environment": EnvironmentPlace,
        "file": lambda: FilePlace(tmp_path),
        "vault-token": lambda: VaultPlace(request.getfixturevalue("vault"), tmp_path, approle=False),
        "vault-approle": lambda: VaultPlace(request.getfixturevalue("vault"), tmp_path, approle=True),
    }
    return make[request.param]()


async def test_gives_all_of_a_credential(place: Place) -> None:
    """Value, user, seed and expiry come back as they were kept."""
    place.put_whole("orderdesk-bot01", VALUE)

    secret = await place.secrets.fetch("orderdesk-bot01")

    assert secret.reveal() == VALUE
    assert (secret.user, secret.totp_seed(), secret.expires_at) == ("Bot One", SEED, ENDS)
    assert secret.version == "1"


async def test_a_name_is_written_in_many_ways(place: Place) -> None:
    """Capitals and underscores make no other name."""
    place.put("orderdesk-bot01", VALUE)

    assert (await place.secrets.fetch("ORDERDESK_bot01")).reveal() == VALUE


async def test_a_missing_one_is_said_to_be_missing(place: Place) -> None:
    """Another name, a removed one and no name at all are CredentialMissing."""
    place.put("orderdesk-bot01", VALUE)
    place.put("orderdesk-bot02", VALUE)
    place.remove("orderdesk-bot02")

    for name in ("orderdesk-bot02", "orderdesk-bot03", "", "../orderdesk-bot01", "a/b", "x" * 200):
        with pytest.raises(CredentialMissing):
            await place.secrets.fetch(name)


async def test_a_new_value_counts_at_the_next_fetch(place: Place) -> None:
    """Nothing is remembered between two sign-ins."""
    place.put("orderdesk-bot01", "old")
    before = (await place.secrets.fetch("orderdesk-bot01")).reveal()

    place.put("orderdesk-bot01", "new")

    assert (before, (await place.secrets.fetch("orderdesk-bot01")).reveal()) == ("old", "new")


async def test_a_list_holds_names_and_no_values(place: Place) -> None:
    """Every name with its expiry, and nothing of value or seed."""
    place.put_whole("orderdesk-bot01", VALUE)
    place.put("servicedesk-api-key", "canary-second")

    known = await place.secrets.known()

    assert [(one.name, one.expires_at) for one in known] == [("orderdesk-bot01", ENDS), ("servicedesk-api-key", None)]
    assert not any(hidden in repr(known) for hidden in ("canary", SEED))


async def test_an_empty_place_lists_nothing(place: Place) -> None:
    """No credentials are no trouble."""
    assert await place.secrets.known() == []


@pytest.mark.parametrize("place", ["file", "vault-token", "vault-approle"], indirect=True)
async def test_a_place_that_is_away_says_so_without_values(place: Place) -> None:
    """SecretsAway, with nothing of the credential in it."""
    place.put("orderdesk-bot01", VALUE)
    place.breaks()

    with pytest.raises(SecretsAway) as told:
        await place.secrets.fetch("orderdesk-bot01")

    assert "canary" not in told.value.detail


async def test_a_secret_shows_itself_nowhere(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """F67: not printed, formatted, logged, dumped, pickled or copied."""
    place.put_whole("orderdesk-bot01", VALUE)
    secret = await place.secrets.fetch("orderdesk-bot01")

    logging.getLogger("x").warning("%s %r", secret, {"secret": secret})
    shown = [
        repr(secret),
        f"{secret}",
        f"{secret!r:>50}",
        str([secret]),
        json.dumps([secret], default=str),
        caplog.text,
    ]

    assert not any("canary" in text or SEED in text for text in shown)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars):
        with pytest.raises(TypeError):
            leave(secret)


async def test_vault_asks_anew_when_its_token_is_over(vault: Vault, tmp_path: Path) -> None:
    """An AppRole's token that ran out is replaced once, in the same fetch."""
    place = VaultPlace(vault, tmp_path, approle=True)
    place.put("orderdesk-bot01", VALUE)
    await place.secrets.fetch("orderdesk-bot01")
    vault.token = "token-2"
    vault.asked.clear()

    assert (await place.secrets.fetch("orderdesk-bot01")).reveal() == VALUE
    assert vault.asked.count("POST /v1/auth/approle/login") == 1


async def test_vault_refusals_are_told_apart_from_missing_ones(vault: Vault, tmp_path: Path) -> None:
    """A token that is over, another server and no server are SecretsAway, never CredentialMissing."""
    place = VaultPlace(vault, tmp_path, approle=False)
    vault.token = "another"
    nowhere = VaultSecrets(VaultAt(url="http://127.0.0.1:9", token_file=tmp_path / "token"))
    unset = VaultSecrets(VaultAt(url=vault.url))

    for secrets in (place.secrets, nowhere, unset):
        with pytest.raises(SecretsAway):
            await secrets.fetch("orderdesk-bot01")


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_one_time_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """The test values of RFC 6238, cut to six digits."""
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert code_at(seed, datetime.fromtimestamp(at, UTC)) == code


def test_a_seed_that_is_none_is_said_so() -> None:
    """A seed that is not base32 is a missing credential, and is not quoted."""
    with pytest.raises(CredentialMissing) as told:
        code_at("not-a-seed!1", NOW)

    assert "not-a-seed" not in told.value.detail
