"""The data folder: one holder, private secrets made once, and a way for other terminals to find what runs."""

import base64
import stat
from pathlib import Path

import pytest

from baton.data_folder import DataFolder, FolderInUse, as_lines, from_lines


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A fresh data folder."""
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def test_one_holder_at_a_time(folder: DataFolder) -> None:
    """A second holder is refused with the first one's process; the folder is free again afterwards."""
    with folder.locked(), pytest.raises(FolderInUse, match=r"already runs on .*process \d+"), folder.locked():
        pass

    with folder.locked():
        pass


def test_secrets_are_private_and_made_once(folder: DataFolder) -> None:
    """The codec key is 32 random bytes that only the owner may read, the same every time."""
    key = folder.codec_key()
    content = key.read_text()

    assert len(base64.b64decode(content)) == 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert folder.codec_key().read_text() == content


def test_an_environment_is_read_as_it_was_written(folder: DataFolder) -> None:
    """Values with spaces, quotes and dollars come back unchanged; without a running Baton there is nothing."""
    assert folder.read_environment() == {}
    values = {"BATON_DATA_DIR": "/a b/$c", "BATON_SECRET_X": 'it\'s "#1"'}

    folder.write_environment(values)

    assert folder.read_environment() == values
    assert from_lines("# a comment\n\n" + as_lines(values)) == values


def test_the_demo_systems_sign_ins_can_be_changed(folder: DataFolder) -> None:
    """The accounts of the order desk (10), service desk (4 and a key) and board (4); an edit of their file stays."""
    assert len(folder.demo_secrets()) == 19
    file = folder.path / "keys" / "demo-secrets.env"
    file.write_text(file.read_text().replace("demo-bot-01", "changed"))

    assert folder.demo_secrets()["BATON_SECRET_ORDERDESK_BOT01"] == "changed"


def test_accounts_of_a_newer_build_come_to_an_old_folder(folder: DataFolder) -> None:
    """What an older build did not know is added, once; a changed password and a person's own lines stay."""
    file = folder.private("keys") / "demo-secrets.env"
    file.write_text("# ours\nBATON_SECRET_ORDERDESK_BOT01=changed\nMINE=1")

    first = folder.demo_secrets()
    text = file.read_text()
    again = folder.demo_secrets()

    assert first["BATON_SECRET_SERVICEDESK_AGENT_BOT1"] == "demo-agent-bot1"
    assert (first["BATON_SECRET_ORDERDESK_BOT01"], first["MINE"]) == ("changed", "1")
    assert text.startswith("# ours\nBATON_SECRET_ORDERDESK_BOT01=changed\nMINE=1\n")
    assert (again, file.read_text()) == (first, text)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
