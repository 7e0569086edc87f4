"""Before any bot moves: which browser program is on this machine. Standard library only, the set-up reads it too."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["chosen", "headless_shell", "chromium", "chrome", "playwright"]
Places = tuple[tuple[str, Kind], ...]

# A headless shell comes first: a job on it takes about half the time of a full Chromium's.
ON_PATH: Places = (
    ("chromium-headless-shell", "headless_shell"),
    ("chrome-headless-shell", "headless_shell"),
    ("headless_shell", "headless_shell"),
    ("chromium", "chromium"),
    ("chromium-browser", "chromium"),
    ("google-chrome", "chrome"),
    ("google-chrome-stable", "chrome"),
)
USUAL_PLACES: Places = (
    ("/usr/bin/chromium-headless-shell", "headless_shell"),
    ("/usr/lib/chromium/chromium-headless-shell", "headless_shell"),
    ("/usr/lib/chromium/headless_shell", "headless_shell"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/chromium-browser", "chromium"),
    ("/usr/bin/google-chrome", "chrome"),
    ("/opt/google/chrome/chrome", "chrome"),
    ("/Applications/Chromium.app/Contents/MacOS/Chromium", "chromium"),
    ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "chrome"),
)
# Below Playwright's folder of browsers, newest revision first; the shell before the full browser.
IN_PLAYWRIGHT = (
    "chromium_headless_shell-*/chrome-headless-shell-*/chrome-headless-shell",
    "chromium_headless_shell-*/chrome-*/headless_shell",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)

HOW_TO_GET_ONE = """\
No browser for the bots was found. Type one of these, then try again:
  .venv/bin/playwright install --only-shell chromium     (downloads one into your home folder)
  sudo apt-get install -y chromium-headless-shell        (Debian; `chromium` where there is no such package)
  sudo dnf install -y chromium-headless                  (Fedora)
  export BATON_BROWSER=/path/to/chrome                   (one that you already have)"""


@dataclass(frozen=True)
class BrowserFound:
    """The program the bots start: its absolute path, and what it is."""

    path: Path
    kind: Kind


class BrowserMissingError(Exception):
    """No browser can be had; the text says exactly what to type."""

    def __init__(self, message: str = HOW_TO_GET_ONE) -> None:
        """Keep the sentence that the terminal prints."""
        super().__init__(message)


def find_browser(
    env: Mapping[str, str] = os.environ, places: Places = USUAL_PLACES, *, with_window: bool = False
) -> BrowserFound:
    """Find the bots' browser: BATON_BROWSER, one on PATH, one in the usual places, one that Playwright manages.

    `with_window` passes over headless shells, which cannot show one.

    Raises BrowserMissingError when there is none, or when BATON_BROWSER names something that cannot be started:
    a wrong wish is said aloud and never quietly replaced.
    """
    wish = env.get("BATON_BROWSER", "")
    if wish:
        return _chosen(wish, env)
    for path, kind in _candidates(env, places):
        if with_window and "headless" in path.name:
            continue
        if _can_start(path):
            return BrowserFound(path.resolve() if kind == "playwright" else path, kind)
    raise BrowserMissingError


def _chosen(wish: str, env: Mapping[str, str]) -> BrowserFound:
    found = shutil.which(wish, path=env.get("PATH", ""))
    if found is None:
        raise BrowserMissingError(
            f"BATON_BROWSER names {wish}, which is not a program that can be started.\n"
            "Correct it, or unset BATON_BROWSER to let Baton look for a browser itself."
        )
    return BrowserFound(Path(found).absolute(), "chosen")


def _candidates(env: Mapping[str, str], places: Places) -> Iterator[tuple[Path, Kind]]:
    for name, kind in ON_PATH:
        found = shutil.which(name, path=env.get("PATH", ""))
        if found:
            yield Path(found).absolute(), kind
    for place, kind in places:
        yield Path(place), kind
    folder = _playwright_folder(env)
    for pattern in IN_PLAYWRIGHT:
        for path in sorted(folder.glob(pattern), key=_revision, reverse=True):
            yield path, "playwright"


def _playwright_folder(env: Mapping[str, str]) -> Path:
    named = env.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if named and named != "0":
        return Path(named)
    home = Path(env.get("HOME") or "/nonexistent")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "ms-playwright"
    return Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _revision(path: Path) -> int:
    for part in path.parts:
        name, dash, number = part.rpartition("-")
        if dash and name.startswith("chromium") and number.isdigit():
            return int(number)
    return 0


def _can_start(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
