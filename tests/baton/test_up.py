"""`baton up` as people run it: real PostgreSQL, real Temporal, real demo systems, on free ports."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from baton.data_folder import DataFolder
from baton.seen.asked import addresses
from baton.up import chosen
from core.settings import Settings
from tests.support.patience import PATIENCE, STOPPED
from tests.support.processes import Program, family_of, left_of

UP = ("-m", "baton", "up", "--port-base", "0", "--data-dir")
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A data folder that a system user can reach too."""
    path = Path(tempfile.mkdtemp(prefix="baton-up-", dir="/tmp"))
    path.chmod(0o755)
    yield DataFolder(path)
    shutil.rmtree(path)


def up(folder: DataFolder, *more: str) -> Program:
    """`baton up` on the folder, with free ports."""
    return Program(*UP, str(folder.path), *more)


def test_up_runs_everything_and_leaves_nothing(folder: DataFolder) -> None:
    """All answer, a second `up` is refused, `kill -9` of it leaves nothing; the next carries on and stops in 15 s."""
    with up(folder) as program:
        program.says("Baton is ready")
        reach = folder.read_environment()
        assert httpx.get(f"{reach['BATON_ORDERDESK_URL']}/healthz", timeout=PATIENCE).status_code == 200
        assert httpx.get(f"{reach['BATON_CONSOLE_URL']}/healthz", timeout=PATIENCE).status_code == 200
        assert httpx.get(reach["BATON_TEMPORAL_UI_URL"], timeout=PATIENCE).status_code == 200
        given = Settings(health_urls=reach["BATON_HEALTH_URLS"], console_url=reach["BATON_CONSOLE_URL"])
        served = {
            name: httpx.get(f"{url}/metrics", timeout=PATIENCE).status_code
            for name, url in addresses(given, reach).items()
        }
        assert served == dict.fromkeys(("console", "worker", "bots", "ticks"), 200)
        with psycopg.connect(reach["BATON_DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        with up(folder) as second:
            assert second.end() == 1
            assert "Baton already runs on" in second.said[0]
        family = family_of(folder.record)

        program.signal(signal.SIGKILL)

        assert left_of(family) == []
    with up(folder) as again:
        again.says("Baton is ready")
        with psycopg.connect(folder.read_environment()["BATON_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        family = family_of(folder.record)

        seconds = again.stop()

        assert left_of(family) == []
        assert seconds < STOPPED


def test_a_taken_port_is_named(folder: DataFolder) -> None:
    """A port in use: the message names it, the part that needs it, and the option that moves all ports."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = taken.getsockname()[1] - 3
        with Program(*UP[:3], "--port-base", str(base), "--data-dir", str(folder.path)) as program:
            assert program.end() == 1

    said = "\n".join(program.said)
    assert f"Port {base + 3}, which PostgreSQL needs, is taken by process {os.getpid()}" in said
    assert f"--port-base {base + 100}" in said


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_it() -> None:
    """As an ordinary user everything runs as that user, PostgreSQL too, in its own data folder."""
    python = python_for("nobody")
    if python is None:
        pytest.skip("no Python of this version that an ordinary user can run")
    nobody = 65534
    folder = DataFolder(Path(tempfile.mkdtemp(prefix="baton-user-", dir="/tmp")))
    os.chown(folder.path, nobody, nobody)
    packages = sysconfig.get_path("purelib")
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    env = {"HOME": str(folder.path), "PYTHONPATH": f"{Path.cwd()}:{packages}", "PATH": path}

    with Program(*UP, str(folder.path), env=env, user=nobody, python=python) as program:
        program.says("Baton is ready")
        assert _owners(folder.record) == {nobody}
        program.stop()

    shutil.rmtree(folder.path)


def _owners(record: Path) -> set[int]:
    """Whose processes these are; one that has just ended, as PostgreSQL's helpers do, is nobody's."""
    owners = set()
    for process in family_of(record):
        with contextlib.suppress(psutil.NoSuchProcess):
            owners.add(process.uids().real)
    return owners


def python_for(user: str) -> str | None:
    """A Python of this version that the user can run: a virtual environment may stand on one in a private folder."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run([python, "-c", ""], user=user, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


def test_other_terminals_learn_what_this_baton_was_given() -> None:
    """`baton check` beside a running Baton reads the same file of systems; values of bots' credentials are not kept."""
    given = {"BATON_SYSTEMS_FILE": "/etc/systems.toml", "BATON_SEATS": "2"}

    assert chosen({**given, "BATON_SECRET_ORDERDESK_BOT01": "x", "BATON_NOTHING": "y", "HOME": "z"}) == given
