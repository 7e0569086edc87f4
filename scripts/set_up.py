"""Before anything runs: makes `.venv` from a lock, the command `.venv/bin/baton` and a browser for the bots.

Standard library only, since it runs before anything is installed: `python3 -m scripts.set_up runtime|dev`.
A stamp in `.venv` holds what was installed, so that a second call is instant and a changed lock is noticed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts import get_browser, install

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "baton-set-up.json"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
LAUNCHER = """\
#!/bin/sh
# Baton's command. Works from any folder; a path too long or with blanks for a first line is no matter.
'''exec' {python} -P "$0" "$@"
' '''
import sys

from baton.cli import main

if __name__ == "__main__":
    sys.argv[0] = "baton"
    sys.exit(main())
"""


def main(wanted: str) -> int:
    """Set up what `wanted` (runtime or dev) needs; the exit status for make."""
    if not _is_done(wanted):
        with _only_one():
            if not _is_done(wanted):
                _set_up(wanted)
    return get_browser.ensure(VENV)


def _is_done(wanted: str) -> bool:
    """True when the stamp shows the wanted set, or the larger one, from today's lock, in this place."""
    return any(_read_stamp() == _stamp(name) for name in _sets(wanted))


def _set_up(wanted: str) -> None:
    # Who has had the tools keeps them: `make demo` after `make test` would otherwise take them away again.
    had = _read_stamp().get("set", "")
    name = "dev" if "dev" in (wanted, had) else wanted
    print(f"Setting up .venv ({name}) ...", flush=True)
    stamp = _stamp(name)
    STAMP.unlink(missing_ok=True)
    install.make_venv(VENV)
    install.install_lock(VENV, LOCKS[name], LOCKS["dev"])
    _write_command()
    # Written last and in one move: a set-up that was broken off is done again.
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamp))
    draft.replace(STAMP)


def _write_command() -> None:
    """Put the checkout on the path of `.venv` and write its `baton`: no wheel, the rooms' names are too general."""
    site = VENV / "lib" / f"python{_venv_version()}" / "site-packages"
    (site / "baton-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "baton"
    command.write_text(launcher(VENV / "bin" / "python"))
    command.chmod(0o755)


def launcher(python: Path) -> str:
    """The text of the command, which starts `python` wherever it is called from."""
    return LAUNCHER.format(python=shlex.quote(str(python)))


def _venv_version() -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [VENV / "bin" / "python", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def _sets(wanted: str) -> tuple[str, ...]:
    return ("dev",) if wanted == "dev" else ("runtime", "dev")


def _stamp(name: str) -> dict[str, str]:
    digest = hashlib.sha256(LOCKS[name].read_bytes() + Path(__file__).read_bytes())
    return {"set": name, "place": str(ROOT), "digest": digest.hexdigest()}


def _read_stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Two `make` at once: the second waits here and then finds everything done."""
    path = ROOT / ".setup.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    if sys.argv[1:] not in (["runtime"], ["dev"]):
        sys.exit("usage: python3 -m scripts.set_up runtime|dev")
    try:
        sys.exit(main(sys.argv[1]))
    except install.SetUpError as error:
        sys.exit(f"\n{error}")
