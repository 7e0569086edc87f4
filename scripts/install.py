"""Half of the set-up: a virtual environment, and a lock installed into it with every hash checked.

uv does it in seconds, pip in minutes, so uv comes first (itself at the version and hashes of the lock) and pip
is the way back. uv reads no pip configuration, so what pip is told about registries is handed on to it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


class SetUpError(Exception):
    """Setting up stopped; the text says at what, and what to do."""


def make_venv(folder: Path) -> None:
    """Make the virtual environment, or keep the one that is there and works."""
    if _works(folder):
        return
    if folder.exists():
        print("The .venv that is here does not work any more; making it again.", flush=True)
        shutil.rmtree(folder)
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)


def install_lock(folder: Path, lock: Path, lock_with_uv: Path) -> None:
    """Install exactly what `lock` names into the environment, hashes required."""
    python = folder / "bin" / "python"
    if _install_uv(python, lock_with_uv) and _run_uv(folder, lock):
        return
    print("uv could not do it; pip does, which takes some minutes ...", flush=True)
    result = _pip(python, "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(lock))
    if result.returncode != 0:
        raise SetUpError(
            f"The packages of {lock.name} could not be installed: see pip's message above.\n"
            "Baton needs a Python package registry. Behind a company's own, tell pip its address\n"
            "(pip config set global.index-url ADDRESS) and type the same make command again."
        )


def _works(folder: Path) -> bool:
    python = folder / "bin" / "python"
    if not python.exists():
        return False
    code = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def uv_requirement(lock: Path) -> str:
    """uv's own line of a lock, with its hashes; empty when the lock does not hold it."""
    block = re.search(r"^uv==[^\n]*\\\n(?: +--hash=\S+[^\n]*\n)+", lock.read_text(), re.MULTILINE)
    return block.group() if block else ""


def _install_uv(python: Path, lock: Path) -> bool:
    wanted = uv_requirement(lock)
    if not wanted:
        return False
    if _uv_version(python.parent) == wanted.split()[0].removeprefix("uv=="):
        return True
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(wanted)
        only_uv.flush()
        return _pip(python, "install", "--quiet", "--require-hashes", "--no-deps", "-r", only_uv.name).returncode == 0


def _uv_version(scripts: Path) -> str:
    if not (scripts / "uv").exists():
        return ""
    result = subprocess.run([scripts / "uv", "--version"], check=False, capture_output=True, text=True)
    return [*result.stdout.split(), "", ""][1]


def _run_uv(folder: Path, lock: Path) -> bool:
    python = folder / "bin" / "python"
    command = [
        str(folder / "bin" / "uv"),
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        str(python),
        str(lock),
    ]
    return subprocess.run(command, check=False, env=_uv_environment(python)).returncode == 0


def _uv_environment(python: Path) -> dict[str, str]:
    """What pip knows about registries (its files and PIP_ variables), said in uv's words."""
    told = {name: os.environ[name] for name in os.environ if name.startswith("UV_")}
    pip = _pip_configuration(python)
    said = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": pip.get("extra-index-url", ""),
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_NO_INDEX": "1" if pip.get("no-index", "") in ("1", "true", "yes") else "",
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "SSL_CERT_FILE": os.environ.get("SSL_CERT_FILE") or pip.get("cert", ""),
        # A service account may have no home: uv gives up where pip only grumbles.
        "UV_NO_CACHE": "" if _may_write(_cache_folder()) else "1",
        "UV_HTTP_TIMEOUT": "120",
        # As pip does: the hash decides which file is right, not the registry that had the name first.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        # The cache may lie on another disk than .venv; a warning about that helps nobody.
        "UV_LINK_MODE": "copy",
    }
    return {**os.environ, **{name: value for name, value in said.items() if value}, **told}


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"


def _may_write(folder: Path) -> bool:
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(nearest, os.W_OK)


def _pip_configuration(python: Path) -> dict[str, str]:
    listed = _pip(python, "config", "list", quiet=True).stdout or ""
    found: dict[str, str] = {}
    # pip prints the sections in the order in which they count: global, install, :env:.
    for line in listed.splitlines():
        name, equals, value = line.partition("=")
        section, dot, option = name.partition(".")
        if equals and dot and section in ("global", "install", ":env:"):
            found[option.replace("_", "-").lower()] = value.strip("'\"").replace("\\n", " ").strip()
    return found


def _pip(python: Path, *arguments: str, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE if quiet else sys.stderr)
