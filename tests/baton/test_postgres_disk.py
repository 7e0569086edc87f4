"""The disk of the embedded PostgreSQL: full, or failing. It stops, says why, is checked, and loses nothing."""

import contextlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from baton.ports import free_base
from baton.postgres import Cluster, prepare_at
from tests.support.failing_disk import FailingDisk, failing_disk
from tests.support.kept_postgres import PASSWORD
from tests.support.patience import PATIENCE
from tests.support.processes import Program

__all__ = ["failing_disk"]

PROGRAM = "tests/support/kept_postgres.py"
PIECE = bytes(1 << 16)
ROOM = 64
"""Megabytes: four segments of the write-ahead log."""
SOUND = 3
"""So many rows are written before anything fails."""


@pytest.fixture
def cluster(failing_disk: FailingDisk) -> Cluster:
    """A new cluster on that disk; its server is not started."""
    return prepare_at(failing_disk.disk / "home", PASSWORD, free_base(1))


@pytest.fixture
def small_wal(cluster: Cluster) -> Iterator[Path]:
    """Its write-ahead log lies on a small volume of its own."""
    if cluster.owner is None:
        pytest.skip("a small volume can only be mounted by root")
    small, wal = cluster.home / "wal", cluster.folder / "pg_wal"
    small.mkdir()
    options = f"size={ROOM}m,mode=700,uid={cluster.owner.uid},gid={cluster.owner.gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(small)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no volume can be mounted here: {mounted.stderr.decode().strip()}")
    subprocess.run(["cp", "-a", f"{wal}/.", str(small)], check=True)
    shutil.rmtree(wal)
    wal.symlink_to(small)
    yield small
    subprocess.run(["umount", "-l", str(small)], check=True)


def kept(cluster: Cluster, disk: FailingDisk) -> Program:
    """Its server, kept by a supervisor."""
    return Program(PROGRAM, str(cluster.home), str(cluster.port), env=disk.surroundings)


def connected(cluster: Cluster) -> "psycopg.Connection[tuple[int]]":
    """Each statement is a transaction."""
    return psycopg.connect(cluster.url(), autocommit=True, connect_timeout=int(PATIENCE))


def until_it_stops(cluster: Cluster, fail: Callable[[], None]) -> set[int]:
    """Write rows, three before it fails, until the server answers no more; the rows that it acknowledged."""
    acknowledged: set[int] = set()
    with connected(cluster) as connection, contextlib.suppress(psycopg.OperationalError):
        for number in range(10_000):
            if number == SOUND:
                fail()
            connection.execute("INSERT INTO kept VALUES (%s, %s)", (number, secrets.token_bytes(200_000)))
            acknowledged.add(number)
    return acknowledged


def rows(cluster: Cluster) -> set[int]:
    """What is there."""
    with connected(cluster) as connection:
        return {number for (number,) in connection.execute("SELECT n FROM kept WHERE length(d) = 200000")}


def table(cluster: Cluster) -> Path:
    """An empty table for rows, and the file of another one, full and brought to the disk."""
    with connected(cluster) as connection:
        connection.execute("CREATE TABLE kept (n int, d bytea)")
        connection.execute("CREATE TABLE older AS SELECT generate_series(1, 10000)")
        connection.execute("CHECKPOINT")
        (path,) = connection.execute("SELECT pg_relation_filepath('older')").fetchone() or ("",)
    return cluster.folder / str(path)


def fill(filler: Path) -> None:
    """Leave no room."""
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(PIECE):
            continue


@pytest.mark.failure_mode("F49")
def test_a_full_wal_volume_stops_it_until_there_is_room(
    cluster: Cluster, failing_disk: FailingDisk, small_wal: Path
) -> None:
    """F49: it stops and says so, once; with room it comes back by itself, and every acknowledged row is there."""
    filler = small_wal / "filler"
    with kept(cluster, failing_disk) as program:
        program.says("all ready")
        table(cluster)

        acknowledged = until_it_stops(cluster, lambda: fill(filler))
        said = program.says("postgres has stopped")
        filler.unlink()
        program.says("postgres is back")
        there = rows(cluster)
        until_it_stops(cluster, lambda: fill(filler))
        program.stop()
    with kept(cluster, failing_disk) as still_full:
        still_full.end()

    no_room = f"no room is left for its write-ahead log in {cluster.folder / 'pg_wal'}"
    assert no_room in said
    assert len(acknowledged) >= SOUND
    assert acknowledged <= there
    assert len([line for line in still_full.said if no_room in line]) == 2  # as it happens, and as the end of the start


@pytest.mark.failure_mode("F51")
def test_a_disk_that_failed_is_checked_before_the_next_start(cluster: Cluster, failing_disk: FailingDisk) -> None:
    """F51: fsync fails, it stops; while the disk fails it stays down; then its files are checked, and it is back."""
    with kept(cluster, failing_disk) as program:
        program.says("all ready")
        table(cluster)

        acknowledged = until_it_stops(cluster, failing_disk.fail)
        why = program.says("postgres has stopped")
        held = program.says("postgres has stopped")
        failing_disk.mend()
        program.says("postgres was checked: its disk takes writes again, and all its files are whole")
        program.says("postgres is back")
        there = rows(cluster)
        program.stop()

    assert "Input/output error). Its files are checked before it starts again" in why
    assert f"its disk takes no writes in {cluster.folder}" in held
    assert acknowledged == set(range(SOUND))
    assert acknowledged <= there
    assert not (cluster.home / "disk-refused").exists()


@pytest.mark.failure_mode("F51")
def test_damaged_files_are_not_started_again(cluster: Cluster, failing_disk: FailingDisk) -> None:
    """F51: a page is not what was written: it stays down and says what to do, at the next start of all too."""
    with kept(cluster, failing_disk) as program:
        program.says("all ready")
        older = table(cluster)
        with older.open("r+b") as file:
            file.seek(100)
            file.write(b"what somebody else wrote")

        until_it_stops(cluster, failing_disk.fail_once)
        program.says("postgres has stopped")
        refused = program.says("postgres is not started")
        record = json.loads((failing_disk.disk / "run" / "processes.json").read_text(encoding="utf-8"))
        program.stop()
    with kept(cluster, failing_disk) as again:
        refused_again = again.says("postgres is not started")
        again.end()

    assert older.name in refused
    assert "baton restore FOLDER --over --reason TEXT" in refused
    assert refused_again.endswith(refused.split("postgres is", 1)[1])
    assert record["parts"] == {}
    assert refused.endswith(record["stopped"]["postgres"] + "\n")
