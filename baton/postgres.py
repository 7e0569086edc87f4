"""The embedded PostgreSQL: binaries from a package, our own `initdb`, and the server as our own child."""

import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from baton import postgres_user, processes
from baton.data_folder import DataFolder
from baton.embedded import Embedded
from baton.part_log import Terminal
from baton.parts import Part, Wave
from baton.ports import LOOPBACK, free_base
from baton.postgres_disk import DiskWatch
from baton.postgres_user import Owner, PostgresUnavailable

NAME = "baton"  # the database and its user
MAJOR = "18"
# A socket's path may be this long on Linux and macOS; where the folder is deeper, TCP alone has to do.
SOCKET_PATH_LIMIT = 90
# It does not start itself again after a crash: whoever keeps it looks first whether the disk failed.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "restart_after_crash": "off"}
# For tests: a crash of the machine may lose everything, a crash of a process nothing.
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@dataclass(frozen=True)
class Cluster:
    """One data directory of PostgreSQL, ready to be started on a port of loopback."""

    home: Path
    binaries: Path
    owner: Owner | None
    port: int
    password: str
    fast: bool = False

    @property
    def folder(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"

    @property
    def socket(self) -> Path | None:
        """The folder of the unix socket; None where its path would be too long."""
        folder = self.home / "socket"
        return folder if len(str(folder)) < SOCKET_PATH_LIMIT else None

    def url(self, database: str = NAME) -> str:
        """Where a database of this cluster is reached, password and all."""
        return f"postgresql://{NAME}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def part(self) -> Part:
        """This cluster's server as a part."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket or ""),
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(FAST if self.fast else DURABLE),
        }
        disk = DiskWatch(self.home, self.folder, self.binaries, self.owner)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Part(
            "postgres",
            (str(self.binaries / "postgres"), "-D", str(self.folder), *options),
            self.is_ready,
            Wave.DATABASE,
            cwd=self.home,
            user=self.owner.spec if self.owner else "-",
            stop_signal=signal.SIGINT,  # end sessions and write a checkpoint; SIGTERM would wait for every client
            death_signal=signal.SIGQUIT,  # ends its backends too; the next start recovers
            clean=self.clear_leftovers,
            check=disk.before_start,
            explain=disk.explain,
        )

    async def is_ready(self) -> bool:
        """Whether it takes connections; makes the database when it is not there yet."""
        try:
            connection = await psycopg.AsyncConnection.connect(self.url("postgres"), autocommit=True, connect_timeout=3)
            async with connection:
                found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,))
                if await found.fetchone() is None:
                    await connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.OperationalError:
            return False
        return True

    def clear_leftovers(self) -> None:
        """End backends that outlived a killed server, then remove its lock files: their pid may be anybody's by now."""
        processes.end(processes.living_in(self.folder, "postgres"), ask=signal.SIGQUIT, patience=2)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        if self.socket is not None:
            for stale in self.socket.glob(".s.PGSQL.*"):
                stale.unlink(missing_ok=True)


def prepare(data: DataFolder, port: int, *, fast: bool = False, terminal: Terminal | None = None) -> Cluster:
    """The cluster of a data folder, made when it is not there yet. Blocking; PostgresUnavailable says what is wrong."""
    home = postgres_user.home_for(data.path)
    return prepare_at(home, data.postgres_password(), port, fast=fast, terminal=terminal)


def prepare_at(
    home: Path, password: str, port: int, *, fast: bool = False, terminal: Terminal | None = None
) -> Cluster:
    """The cluster in `home/cluster`, owned by whoever PostgreSQL runs as."""
    owner = postgres_user.owner_for(home / "cluster")
    cluster = Cluster(home, postgres_user.binaries_for(owner), owner, port, password, fast)
    try:
        postgres_user.own(home, owner)
        if cluster.socket is not None:
            postgres_user.own(cluster.socket, owner)
        if not cluster.folder.exists():
            init(cluster)
        version = (cluster.folder / "PG_VERSION").read_text(encoding="ascii").strip()
    except PermissionError as fault:
        raise PostgresUnavailable(
            f"{fault.filename or home} belongs to another user. Run Baton as that user, or choose another --data-dir."
        ) from fault
    if version != MAJOR:
        raise PostgresUnavailable(f"{cluster.folder} is of PostgreSQL {version}; this Baton brings {MAJOR}.")
    if owner is not None and terminal is not None:
        terminal.say(f"PostgreSQL does not run as root: it runs as {owner.name}, with its data in {home}")
    return cluster


def init(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there when complete: a killed initdb leaves no half cluster."""
    fresh = cluster.home / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password_file = cluster.home / "password.new"
    password_file.write_text(cluster.password, encoding="utf-8")
    password_file.chmod(0o600)
    if cluster.owner is not None:
        os.chown(password_file, cluster.owner.uid, cluster.owner.gid)
    command = [str(cluster.binaries / "initdb"), "-D", str(fresh), "-U", NAME, f"--pwfile={password_file}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--locale=C", "--no-instructions", "--data-checksums", *(["--no-sync"] if cluster.fast else [])]
    try:
        made = postgres_user.run_as(cluster.owner, command, cwd=cluster.home)
    finally:
        password_file.unlink()
    if made.returncode != 0:
        raise PostgresUnavailable(f"initdb failed in {cluster.home}:\n{made.stderr or made.stdout}")
    fresh.rename(cluster.folder)


class EmbeddedPostgres(Embedded):
    """A PostgreSQL of one's own, for tests and tools: `with EmbeddedPostgres() as server: server.url`.

    Without `data_dir` it lives in a temporary folder that goes with it; without `port` on a free one.
    """

    def __init__(self, data_dir: Path | None = None, *, port: int = 0, fast: bool = False) -> None:
        super().__init__()
        self._data_dir = data_dir
        self._port = port or free_base(1)
        self._fast = fast
        self._temporary: Path | None = None
        self._cluster: Cluster | None = None
        self._held = contextlib.ExitStack()

    @property
    def cluster(self) -> Cluster:
        """The running cluster; only after the start."""
        assert self._cluster is not None, "start it first"
        return self._cluster

    @property
    def url(self) -> str:
        """The URL of the database `baton`, of a user who may create others."""
        return self.cluster.url()

    def url_of(self, database: str) -> str:
        """The URL of another database of this server."""
        return self.cluster.url(database)

    def prepare(self) -> Part:
        """Make or find the cluster."""
        if self._data_dir is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="baton-postgres-", dir=reachable_temporary_folder()))
            self._temporary.chmod(0o711)  # fresh and ours; the system user has to pass through it
            self._cluster = prepare_at(self._temporary / "home", secrets.token_hex(16), self._port, fast=self._fast)
            self.log = self._temporary / "postgres.log"
        else:
            data = DataFolder(self._data_dir)
            data.create()
            self._held.enter_context(data.locked())
            self._cluster = prepare(data, self._port, fast=self._fast)
            self.log = data.logs / "postgres.log"
        return self._cluster.part()

    def let_go(self) -> None:
        """Free the folder; a temporary one is removed."""
        self._held.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def reachable_temporary_folder() -> str:
    """Where temporary clusters lie: as root a place that a system user can enter, whatever TMPDIR says."""
    return "/tmp" if sys.platform != "win32" and os.geteuid() == 0 else tempfile.gettempdir()  # noqa: S108
