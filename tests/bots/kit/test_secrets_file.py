"""Credentials in the encrypted file: private, bound to what stands readable beside them, changed on purpose."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bots.kit.secrets.seam import Secret, SecretsAway, SecretsRefusedError
from tests.bots.kit.test_secrets import NOW, SEED, VALUE, FilePlace


async def test_the_file_holds_no_value_and_is_private(tmp_path: Path) -> None:
    """Nothing of value or seed can be read in the file; file and key are for their owner alone and apart."""
    place = FilePlace(tmp_path)
    place.put_whole("orderdesk-bot01", VALUE)

    text = place.file.read_text()

    assert "canary" not in text
    assert SEED not in text
    assert [path.stat().st_mode & 0o777 for path in (place.file, place.key)] == [0o600, 0o600]
    assert place.file.parent != place.key.parent


@pytest.mark.parametrize("change", ["swap", "expiry", "mode", "key", "garbage"])
async def test_a_file_that_was_tampered_with_is_refused(tmp_path: Path, change: str) -> None:
    """Two values swapped, an expiry pushed out, a file others may read, a foreign key, no JSON: SecretsAway."""
    place = FilePlace(tmp_path)
    place.put_whole("orderdesk-bot01", VALUE)
    place.put("orderdesk-bot02", "other")
    book = json.loads(place.file.read_text())
    one, two = book["entries"]["orderdesk-bot01"], book["entries"]["orderdesk-bot02"]
    if change == "swap":
        one["sealed"], two["sealed"] = two["sealed"], one["sealed"]
    elif change == "expiry":
        one["expires_at"] = "2036-12-01T00:00:00Z"
    place.file.write_text("{not json" if change == "garbage" else json.dumps(book))
    if change == "mode":
        place.file.chmod(0o644)
    elif change == "key":
        FilePlace(tmp_path / "elsewhere").put("x", "y")
        place.key.write_bytes((tmp_path / "elsewhere" / "keys" / "secrets.key").read_bytes())

    with pytest.raises(SecretsAway):
        await place.secrets.fetch("orderdesk-bot01")


def test_rotating_and_setting_are_told_apart(tmp_path: Path) -> None:
    """Only what is there is rotated or removed, only what is not there is set anew; versions count up."""
    secrets = FilePlace(tmp_path).secrets

    assert secrets.keep(Secret("a", "1"), NOW, new=True).version == "1"
    assert secrets.keep(Secret("a", "2"), NOW, new=False).version == "2"
    for refused in (
        lambda: secrets.keep(Secret("a", "3"), NOW, new=True),
        lambda: secrets.keep(Secret("b", "1"), NOW, new=False),
        lambda: secrets.remove("b"),
    ):
        with pytest.raises(SecretsRefusedError):
            refused()


async def test_a_new_value_leaves_user_and_seed(tmp_path: Path) -> None:
    """Rotating a password keeps the name to sign in with and the seed of the one-time codes."""
    place = FilePlace(tmp_path)
    place.put_whole("orderdesk-bot01", "old")

    place.put("orderdesk-bot01", "new")

    secret = await place.secrets.fetch("orderdesk-bot01")
    assert (secret.reveal(), secret.user, secret.totp_seed()) == ("new", "Bot One", SEED)


async def test_a_day_is_declared_of_what_is_kept(tmp_path: Path) -> None:
    """The day counts from then on; value, seed and version are as they were. Of nothing no day is declared."""
    place, ends = FilePlace(tmp_path), NOW + timedelta(days=90)
    place.put_whole("orderdesk-bot01", VALUE)
    before = await place.secrets.fetch("orderdesk-bot01")

    place.secrets.declare("orderdesk-bot01", ends)

    kept = await place.secrets.fetch("orderdesk-bot01")
    assert (kept.expires_at, kept.reveal(), kept.totp_seed(), kept.version) == (ends, VALUE, SEED, before.version)
    with pytest.raises(SecretsRefusedError):
        place.secrets.declare("orderdesk-bot02", ends)
