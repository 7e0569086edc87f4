"""`baton check`: names what is missing and how to mend it, and is content when nothing is."""

import base64
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baton import check
from baton.cli import app
from baton.temporal_server import EmbeddedTemporal
from core.settings import Settings

NOWHERE = "postgresql://baton:secret@127.0.0.1:1/baton"


def named(findings: list[check.Finding]) -> dict[str, check.Finding]:
    """The findings by name."""
    return {finding.name: finding for finding in findings}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A good codec key."""
    file = tmp_path / "codec.key"
    file.write_text(base64.b64encode(bytes(32)).decode())
    return file


def test_a_running_set_is_well(
    database_url: str, temporal_server: EmbeddedTemporal, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With database, Temporal, key and folder in place nothing is missing."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    settings = Settings(database_url=database_url, codec_key_file=key, data_dir=tmp_path, smtp_url="")

    missing = [finding for finding in check.look(settings) if not finding.well]

    assert missing == []


def test_what_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead database, Temporal and mail server are each named, with what to set; passwords are not shown."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    settings = Settings(database_url=NOWHERE, data_dir=tmp_path, smtp_url="smtp://127.0.0.1:1")

    said = check.told(check.look(settings))

    for name in ("PostgreSQL", "Temporal", "mail"):
        assert f"MISSING  {name}" in said
    for mend in ("BATON_DATABASE_URL", "TEMPORAL_ADDRESS", "BATON_SMTP_URL"):
        assert mend in said
    assert "secret" not in said


def test_a_mailbox_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder that is not there, a server without a credential and a wrong address each say what to do."""
    (tmp_path / "box" / "new").mkdir(parents=True)
    (tmp_path / "box" / "cur").mkdir()
    urls = ["", f"maildir://{tmp_path}/box", f"maildir://{tmp_path}/none", "imaps://a@127.0.0.1:1/INBOX", "pop3://a@b"]

    found = [check.mailbox(Settings(mailbox_url=url)) for url in urls]

    assert [one.well for one in found] == [True, True, False, False, False]
    assert all("BATON_MAILBOX_URL" in one.mend for one in found[2:])


def test_a_database_without_tables_needs_migrations(empty_database_url: str) -> None:
    """An empty database is named with the command that brings it up to date."""
    finding = check.schema(Settings(database_url=empty_database_url))

    assert not finding.well
    assert finding.mend == "baton migrate"


def test_a_namespace_without_search_attributes_is_named(
    temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search attributes that a namespace lacks come with the command that makes them."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "temporal-system")

    finding = check.temporal(Settings())

    assert not finding.well
    assert "search-attribute create" in finding.mend
    assert "--name BatonDueAt --type Datetime" in finding.mend


@pytest.mark.parametrize("content", ["", "no base64 !", "c2hvcnQ="])
def test_a_bad_key_is_named(tmp_path: Path, content: str) -> None:
    """A codec key that is empty, unreadable or too short is not called well."""
    file = tmp_path / "codec.key"
    file.write_text(content)

    assert not check.codec_key(Settings(codec_key_file=file)).well


def test_a_missing_browser_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that is not there is named with a remedy."""
    monkeypatch.setenv("BATON_BROWSER", "no-such-browser")

    finding = check.browser(Settings())

    assert not finding.well
    assert "BATON_BROWSER" in finding.mend


def test_a_port_that_does_not_greet_is_no_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is open but greets nobody is not taken for a mail server."""
    monkeypatch.setattr(check, "ANSWER_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"smtp://127.0.0.1:{mute.getsockname()[1]}"

        assert not check.mail(Settings(smtp_url=address)).well


def test_the_command_fails_when_something_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`baton check` ends with exit status 1 when something is missing."""
    monkeypatch.setenv("BATON_DATABASE_URL", NOWHERE)
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path))

    result = CliRunner().invoke(app, ["check", "--data-dir", str(tmp_path)])

    assert result.exit_code == 1
    assert "MISSING  PostgreSQL" in result.output
