"""Before any bot moves: the order in which a browser is looked for."""

from pathlib import Path

import pytest

from bots.kit.browser_path import BrowserFound, BrowserMissingError, find_browser


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_named_browser_is_taken_before_all_others(tmp_path: Path) -> None:
    """BATON_BROWSER wins over a headless shell on PATH."""
    mine = _program(tmp_path / "mine" / "chrome")
    _program(tmp_path / "bin" / "chromium-headless-shell")

    found = find_browser({"BATON_BROWSER": str(mine), "PATH": str(tmp_path / "bin")})

    assert found == BrowserFound(mine, "chosen")


def test_a_wrong_name_is_said_and_not_replaced(tmp_path: Path) -> None:
    """BATON_BROWSER that cannot be started is an error that names it, though another browser is there."""
    _program(tmp_path / "bin" / "chromium")

    with pytest.raises(BrowserMissingError, match="BATON_BROWSER names /no/such/chrome"):
        find_browser({"BATON_BROWSER": "/no/such/chrome", "PATH": str(tmp_path / "bin")})


def test_a_headless_shell_is_taken_before_a_full_browser(tmp_path: Path) -> None:
    """Of a headless shell, Chromium and Chrome on PATH the shell is taken."""
    shell = _program(tmp_path / "bin" / "chromium-headless-shell")
    _program(tmp_path / "bin" / "chromium")
    _program(tmp_path / "bin" / "google-chrome")

    found = find_browser({"PATH": str(tmp_path / "bin")})

    assert found == BrowserFound(shell, "headless_shell")


def test_the_usual_places_come_before_playwright(tmp_path: Path) -> None:
    """A browser in a usual place is taken before one that Playwright manages."""
    usual = _program(tmp_path / "opt" / "chrome")
    _program(tmp_path / "pw" / "chromium-1255" / "chrome-linux64" / "chrome")

    found = find_browser({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "pw")}, places=((str(usual), "chrome"),))

    assert found == BrowserFound(usual, "chrome")


def test_playwrights_newest_shell_is_taken(tmp_path: Path) -> None:
    """Of several that Playwright manages the shell of the highest revision is taken."""
    for revision in ("999", "1255"):
        _program(
            tmp_path / f"chromium_headless_shell-{revision}" / "chrome-headless-shell-linux64" / "chrome-headless-shell"
        )
    _program(tmp_path / "chromium-1300" / "chrome-linux64" / "chrome")

    found = find_browser({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}, places=())

    assert (found.kind, found.path.parent.parent.name) == ("playwright", "chromium_headless_shell-1255")


def test_no_browser_says_what_to_type(tmp_path: Path) -> None:
    """Without any browser the message holds commands that get one."""
    with pytest.raises(BrowserMissingError) as missing:
        find_browser({"HOME": str(tmp_path), "PATH": str(tmp_path)}, places=())

    assert "playwright install --only-shell chromium" in str(missing.value)
    assert "apt-get install -y chromium-headless-shell" in str(missing.value)
