"""Whether Playwright's driver runs on this machine at all: it brings a Node.js that small systems lack a library for.

Standard library only: the set-up asks before anything of Baton can be imported.
"""

import re
import subprocess
import sys

ANSWER_SECONDS = 60
PACKAGES = {"libatomic.so.1": {"apt-get": "libatomic1", "dnf": "libatomic", "apk": "libatomic", "zypper": "libatomic1"}}
"""What brings a library that the driver was seen to lack, by package manager."""


def driver_trouble(python: str = sys.executable) -> str:
    """Why it does not run, with what mends it, as sentences; empty when it does."""
    try:
        tried = subprocess.run(
            [python, "-m", "playwright", "--version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"Playwright's driver did not answer within {ANSWER_SECONDS} s."
    if tried.returncode == 0:
        return ""
    lines = (tried.stderr or tried.stdout).strip().splitlines()
    missing = missing_library("\n".join(lines))
    if not missing:
        return f"Playwright's driver does not run here: {lines[-1] if lines else 'it says nothing'}"
    how = " or ".join(f"`{manager} install {names}`" for manager, names in PACKAGES.get(missing, {}).items())
    return f"Playwright's driver does not run here: {missing} is missing. Install it" + (f": {how}." if how else ".")


def missing_library(said: str) -> str:
    """The shared library that a program could not be started without, by what the loader said; empty: none named."""
    found = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object", said)
    return found[1] if found else ""
