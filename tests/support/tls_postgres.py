"""A PostgreSQL that lets nobody in without TLS: one of this machine's, since the one in the package speaks none."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from baton import postgres_user
from baton.embedded import Embedded
from baton.parts import Part, Wave
from baton.ports import free_base
from baton.postgres import FAST, reachable_temporary_folder
from tests.support.tls import Papers, papers

DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "one-of-the-tests"
ONLY_OVER_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Our own authority, with a certificate for the server and one for us."""
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def server(mine: Papers) -> Iterator["TlsPostgres"]:
    """A PostgreSQL by address, behind TLS alone."""
    programs = binaries()
    if programs is None:
        pytest.skip("this machine has no PostgreSQL of its own (Debian: postgresql); the packaged one speaks no TLS")
    with TlsPostgres(mine, programs) as running:
        yield running


def binaries() -> Path | None:
    """The folder with this machine's own `postgres`, the newest; None where there is none."""
    found = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    return found[-1].parent if found else None


class TlsPostgres(Embedded):
    """Such a server for the length of a block, with the certificate of `papers`."""

    def __init__(self, papers: Papers, programs: Path) -> None:
        super().__init__()
        self._papers, self._programs = papers, programs
        self._port = free_base(1)
        self._folder = Path(tempfile.mkdtemp(prefix="baton-tls-", dir=reachable_temporary_folder()))
        self._folder.chmod(0o711)

    @property
    def url(self) -> str:
        """As its first user, with everything checked."""
        return f"postgresql://boss:{PASSWORD}@127.0.0.1:{self._port}/postgres?sslmode=verify-full&sslrootcert={self._papers.ca}"

    def prepare(self) -> Part:
        """A cluster whose only door is TLS."""
        home = self._folder / "home"
        owner = postgres_user.owner_for(home / "cluster")
        postgres_user.own(home, owner)
        word = home / "password"
        word.write_text(PASSWORD)
        command = [str(self._programs / "initdb"), "-D", str(home / "cluster"), "-U", "boss", f"--pwfile={word}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        if owner is not None:
            os.chown(word, owner.uid, owner.gid)
        made = postgres_user.run_as(owner, command, cwd=home)
        if made.returncode != 0:
            raise postgres_user.PostgresUnavailable(made.stderr)
        self._put(owner, home / "server.pem", self._papers.server[0])
        self._put(owner, home / "server.key", self._papers.server[1])
        (home / "cluster" / "pg_hba.conf").write_text(ONLY_OVER_TLS)
        self.log = self._folder / "postgres.log"
        settings = {
            **FAST,
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "ssl": "on",
            "ssl_cert_file": str(home / "server.pem"),
            "ssl_key_file": str(home / "server.key"),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        argv = (str(self._programs / "postgres"), "-D", str(home / "cluster"), *options)
        return Part("postgres", argv, self._answers, Wave.DATABASE, cwd=home, user=owner.spec if owner else "-")

    async def _answers(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.url, connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    @staticmethod
    def _put(owner: postgres_user.Owner | None, place: Path, source: Path) -> None:
        shutil.copy(source, place)
        place.chmod(0o600)
        if owner is not None:
            os.chown(place, owner.uid, owner.gid)

    def let_go(self) -> None:
        """The cluster goes."""
        shutil.rmtree(self._folder, ignore_errors=True)
