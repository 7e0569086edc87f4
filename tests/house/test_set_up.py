"""House rule: setting up works for everyone, and once is enough."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import get_browser, install, set_up
from tests.house import tree


def test_the_stamp_of_the_larger_set_serves_the_smaller() -> None:
    """Where `make test` has set up, `make demo` finds everything done."""
    assert set(set_up._sets("runtime")) > set(set_up._sets("dev"))


def test_a_changed_lock_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp differs when one byte of the lock differs."""
    changed = tmp_path / "requirements.lock"
    changed.write_bytes(set_up.LOCKS["runtime"].read_bytes() + b"#")
    before = set_up._stamp("runtime")

    monkeypatch.setitem(set_up.LOCKS, "runtime", changed)

    assert set_up._stamp("runtime") != before


def test_registries_that_pip_knows_are_told_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's registry set for pip is the one that uv asks; what is set for uv itself wins."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "/srv/one /srv/two")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")

    told = install._uv_environment(Path(sys.executable))

    assert told["UV_DEFAULT_INDEX"] == "https://packages.example.org/simple"
    assert told["UV_FIND_LINKS"] == "/srv/one,/srv/two"
    assert told["UV_HTTP_TIMEOUT"] == "7"


def test_uv_is_found_in_the_lock_with_its_hashes() -> None:
    """The set-up can read uv's own version and hashes from the development lock."""
    block = install.uv_requirement(tree.ROOT / "requirements-dev.lock")

    assert block.startswith("uv==")
    assert block.count("--hash=sha256:") > 1


def test_the_command_works_from_any_folder(tmp_path: Path) -> None:
    """`.venv/bin/baton` starts in a folder whose own `core` would hide ours."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise ImportError('the wrong room')\n")

    said = subprocess.run(
        [tree.ROOT / ".venv" / "bin" / "baton", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stderr
    assert "up" in said.stdout


def test_the_command_survives_blanks_in_its_path(tmp_path: Path) -> None:
    """The command's first lines start a Python whose path has blanks."""
    python = tmp_path / "a folder" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    command = tmp_path / "baton"
    command.write_text(set_up.launcher(python).replace("from baton.cli import main", "main = lambda: print(sys.argv)"))

    said = subprocess.run(["sh", command, "one two"], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "['baton', 'one two']"


def test_a_missing_browser_ends_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A browser that is named and not there stops the set-up with the name, without downloading another."""
    monkeypatch.setenv("BATON_BROWSER", str(tmp_path / "chrome"))

    status = get_browser.ensure(Path(os.devnull))

    assert status == 1
    assert f"BATON_BROWSER names {tmp_path / 'chrome'}" in capfd.readouterr().err


def test_why_a_download_failed_is_told_without_its_stack() -> None:
    """Of a long complaint the lines that say why are kept."""
    complaint = "Downloading ...\nError: getaddrinfo ENOTFOUND\n    at Socket.x (core.js:1)\n    at y (core.js:2)\n"

    assert get_browser._reason(complaint) == "  Error: getaddrinfo ENOTFOUND"
