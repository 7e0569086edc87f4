"""Resolves the dependencies again and writes both locks: exact, universal, with hashes, without any address.

`make lock` keeps the versions that are locked as far as pyproject.toml allows; `make lock UPGRADE=1` takes the newest.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV, RUNTIME = ROOT / "requirements-dev.lock", ROOT / "requirements.lock"
UV = str(ROOT / ".venv" / "bin" / "uv")
HEADER = "# Exact versions with hashes, for every platform. Written by `make lock`; do not edit.\n"
COMPILE = [
    UV, "pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
    "--no-header", "--no-annotate", "--python-version", "3.11", "--quiet", "pyproject.toml",
]  # fmt: skip


def main() -> int:
    """Write the development lock, then the one for running with the same versions."""
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    _compile(DEV, "--group", "dev", *upgrade)
    # Constrained by the larger lock, so that the smaller one is a part of it.
    _compile(RUNTIME, "--constraint", DEV.name)
    return 0


def _compile(lock: Path, *options: str) -> None:
    subprocess.run([*COMPILE, *options, "--output-file", lock.name], check=True, cwd=ROOT)
    lock.write_text(HEADER + lock.read_text())


if __name__ == "__main__":
    sys.exit(main())
