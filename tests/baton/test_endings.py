"""What ends on a day: read from certificates, declared for keys, and counted where nobody knows it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from baton import endings
from baton.endings import End
from core import clock
from core.settings import Settings
from tests.support import tls

SYSTEM = '[orderdesk.production]\naddress = "https://desk.example.net"\nca_file = "{ca}"\n'


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two keys that are set, and a day for one of them; what is declared for the other is no day."""
    monkeypatch.setenv("TEMPORAL_API_KEY", "canary")
    declared = "TEMPORAL_API_KEY=2031-02-01, BATON_CODEC_KEY_FILE=soon"
    return Settings(codec_key_file=tmp_path / "codec.key", keys_end=declared)


def test_a_key_ends_on_its_declared_day(keys: Settings) -> None:
    """The day counts; what is no day leaves the key without one, and it is named."""
    found = endings.found(keys, [])

    assert found.ends == [End("TEMPORAL_API_KEY", "the key", datetime(2031, 2, 1, tzinfo=UTC))]
    assert found.sentences(datetime(2031, 1, 20, tzinfo=UTC)) == ["TEMPORAL_API_KEY: the key ends on 2031-02-01."]
    assert found.sentences(datetime(2031, 3, 1, tzinfo=UTC)) == ["TEMPORAL_API_KEY: the key ended on 2031-02-01."]
    assert found.sentences(datetime(2030, 12, 1, tzinfo=UTC)) == []
    assert found.undeclared == ["BATON_CODEC_KEY_FILE"]
    assert "declared for BATON_CODEC_KEY_FILE: nobody" in found.nobody_knows()[0]


def test_many_without_a_day_are_one_sentence() -> None:
    """Four names, and that there are more."""
    known = [End(f"desk-{number}", "", None) for number in range(6)]

    assert endings.found(Settings(), known).nobody_knows() == [
        "No day of expiry is declared for desk-0, desk-1, desk-2, desk-3 and more: nobody is warned before it."
    ]
    assert endings.found(Settings(), []).nobody_knows() == []


def test_a_certificate_of_the_systems_file_counts(tmp_path: Path) -> None:
    """A system's authority is read as every other certificate is; one that cannot be read is said."""
    mine, file = tls.papers(tmp_path), tmp_path / "systems.toml"
    file.write_text(SYSTEM.format(ca=mine.ca), encoding="utf-8")

    found = endings.found(Settings(systems_file=file, vault_ca_file=tmp_path / "gone.pem"), [])

    (one,) = found.ends
    assert (one.name, one.what) == ("ca_file of orderdesk.production", f"the certificate {mine.ca}")
    assert one.expires_at is not None
    assert timedelta(days=1) < one.expires_at - clock.now() < timedelta(days=3)
    assert found.unread == [f"BATON_VAULT_CA_FILE: {tmp_path / 'gone.pem'} cannot be read."]


def test_a_new_certificate_in_its_place_is_read(tmp_path: Path) -> None:
    """What the runbook says: a new file in the place of the old one, and nobody is told of it any more."""
    settings = Settings(mailbox_ca_file=tls.papers(tmp_path).ca)
    before = endings.found(settings, []).sentences(clock.now())

    tls.papers(tmp_path, days=60)

    assert [one.partition(":")[0] for one in before] == ["BATON_MAILBOX_CA_FILE"]
    assert endings.found(settings, []).sentences(clock.now()) == []
