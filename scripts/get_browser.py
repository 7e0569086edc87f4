"""Half of the set-up: a browser for the bots, found on this machine or installed.

Finding is `bots/kit/browser_path.py`, the same file that the bots and `baton check` use; its package stays free of
anything that would have to be installed first.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bots.kit.browser_path import BrowserMissingError, find_browser
from bots.kit.driver_check import PACKAGES, driver_trouble

# What a package manager calls it; the first name that installs wins.
BROWSERS = {
    "apt-get": (("install", "-y", "--no-install-recommends"), ("chromium-headless-shell", "chromium")),
    "dnf": (("install", "-y"), ("chromium-headless", "chromium")),
    "apk": (("add",), ("chromium",)),
    "zypper": (("--non-interactive", "install"), ("chromium",)),
    "pacman": (("-S", "--noconfirm"), ("chromium",)),
}


def ensure(venv: Path) -> int:
    """Make sure that a browser is there, and that it can be driven; the exit status, with one message when not."""
    return _browser(venv) or _driver(str(venv / "bin" / "python"))


def _driver(python: str) -> int:
    trouble = driver_trouble(python)
    for library, names in PACKAGES.items():
        if library in trouble and os.geteuid() == 0:
            for manager, package in names.items():
                if shutil.which(manager) is not None:
                    _install(manager, package)
            trouble = driver_trouble(python)
    if trouble:
        print(f"\n{trouble}", file=sys.stderr)
    return int(bool(trouble))


def _browser(venv: Path) -> int:
    if _found() is not None:
        return 0
    if os.environ.get("BATON_BROWSER"):
        return _say_missing()
    print("No browser for the bots is here: asking Playwright for one ...", flush=True)
    if _try([str(venv / "bin" / "playwright"), "install", "--only-shell", "chromium"]) and _starts():
        return 0
    if os.geteuid() == 0:
        _ask_package_manager()
    return 0 if _found() is not None else _say_missing()


def _ask_package_manager() -> None:
    for manager, (_, packages) in BROWSERS.items():
        if shutil.which(manager) is None:
            continue
        for package in packages:
            if _install(manager, package) and _found() is not None:
                return


def _install(manager: str, package: str) -> bool:
    print(f"Asking {manager} for {package} ...", flush=True)
    if manager == "apt-get":
        _try([manager, "update", "-qq"])
    return _try([manager, *BROWSERS[manager][0], package])


def _starts() -> bool:
    """A downloaded browser may lack system libraries: see whether it runs before we are content with it."""
    found = _found()
    return found is not None and _try([found, "--version"])


def _found() -> str | None:
    try:
        return str(find_browser(os.environ).path)
    except BrowserMissingError:
        return None


def _say_missing() -> int:
    try:
        find_browser(os.environ)
    except BrowserMissingError as missing:
        print(f"\n{missing}", file=sys.stderr)
    return 1


def _try(command: list[str]) -> bool:
    """Run it and hide its chatter; on failure show the lines that say why."""
    result = subprocess.run(
        command, check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )  # fmt: skip
    if result.returncode != 0:
        print(_reason(result.stdout), file=sys.stderr, flush=True)
    return result.returncode == 0


def _reason(chatter: str) -> str:
    """The lines that say why: the stack trace below Playwright's errors helps nobody."""
    lines = [line.strip() for line in chatter.splitlines() if line.strip() and not line.strip().startswith("at ")]
    telling = [line for line in lines if re.search(r"error|fail|unable|no such|denied", line, re.IGNORECASE)]
    return "\n".join(f"  {line}" for line in (telling or lines)[-2:])
