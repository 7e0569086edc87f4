"""Certificate authorities for Chromium, which takes no file: a home folder of its own whose key store trusts them."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

TOOL = "certutil"
MEND = "install it (Debian: apt-get install libnss3-tools), or let IT add the authority to the machine's browsers"
_ONE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class NoTrustError(Exception):
    """The authorities of a file cannot be given to a browser; the message says why and what to do."""


def can_trust() -> bool:
    """Whether this machine has the tool that fills a browser's key store."""
    return shutil.which(TOOL) is not None


def home_that_trusts(ca_file: Path, folder: Path) -> Path:
    """A home folder below `folder` for browsers that trust the authorities in `ca_file`, beside the usual ones.

    Made anew when the file changes. A certificate that does not fit is still refused. Raises NoTrustError.
    """
    if not can_trust():
        raise NoTrustError(f"A browser learns of {ca_file} through {TOOL}, which is not here: {MEND}.")
    bundle = ca_file.read_bytes()
    home = folder / f"trust-{hashlib.sha256(bundle).hexdigest()[:16]}"
    store = home / ".pki" / "nssdb"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        store.mkdir(parents=True, mode=0o700)
        _run("-N", "--empty-password", store=store)
        for number, one in enumerate(_ONE.findall(bundle), 1):
            _run("-A", "-t", "C,,", "-n", f"authority {number}", store=store, given=one)
        (home / "ready").touch()
    return home


def _run(*arguments: str, store: Path, given: bytes = b"") -> None:
    command = [TOOL, "-d", f"sql:{store}", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, timeout=30, check=False)
    if done.returncode:
        raise NoTrustError(f"{TOOL} does not take it: {done.stderr.decode(errors='replace').strip()[:200]}")
