"""Small libraries in C that are loaded before a program's own, so that its machine fails as a test wants it."""

import shutil
import subprocess
from pathlib import Path

import pytest


def preloaded(source: Path, to: Path) -> Path:
    """Compiled, for everybody to load; the test is skipped where nothing compiles C."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip(f"nothing here compiles C, and {source.name} has to be below the program")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(to), str(source), "-ldl"], check=True)
    to.chmod(0o755)
    return to
