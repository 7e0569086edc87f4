"""The data folder of one machine's Baton: who may use it, its keys, its logs, and how to reach what runs on it."""

import base64
import contextlib
import fcntl
import os
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

BOT_ACCOUNTS = 10


class FolderInUse(Exception):
    """Another Baton works on this data folder."""


class DataFolder:
    """Paths and secrets below `--data-dir`. Folders with secrets are for their owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.record = self.path / "run" / "processes.json"
        self.environment_file = self.path / "run" / "baton.env"
        self.logs = self.path / "logs"

    def create(self) -> None:
        """Make the folder and the private ones in it; permissions of what exists stay as they are."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name in ("run", "logs", "keys", "temporal", "demo"):
            self.private(name)

    def private(self, name: str) -> Path:
        """A folder below this one that only its owner may enter."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; FolderInUse names the process that holds it. The kernel lets go when the holder dies."""
        with (self.path / "baton.lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise FolderInUse(
                    f"Baton already runs on {self.path} (process {holder}). "
                    "Stop it, or choose another folder with --data-dir."
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def codec_key(self) -> Path:
        """The file with the key that encrypts Temporal payloads: 32 random bytes in base64, made once."""
        return self._secret("codec.key", lambda: base64.b64encode(secrets.token_bytes(32)).decode("ascii"))

    def postgres_password(self) -> str:
        """The password of the embedded PostgreSQL, made once."""
        made = self._secret("postgres.password", lambda: secrets.token_urlsafe(24))
        return made.read_text(encoding="utf-8").strip()

    def demo_secrets(self) -> dict[str, str]:
        """Sign-ins of the demo systems' bot accounts and API, in a file that can be edited and sourced.

        Accounts that came with a newer build are added to it; what stands there is never changed.
        """
        file = self._secret("demo-secrets.env", lambda: as_lines(demo_sign_ins()))
        text = file.read_text(encoding="utf-8")
        kept = from_lines(text)
        missing = {name: value for name, value in demo_sign_ins().items() if name not in kept}
        if missing:
            write_private(file, f"{text.rstrip()}\n{as_lines(missing)}")
        return {**kept, **missing}

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Keep how to reach what runs, for `baton status` and the other verbs in another terminal."""
        write_private(self.environment_file, as_lines(environment))

    def read_environment(self) -> dict[str, str]:
        """What `baton up` on this folder wrote; empty when it does not run."""
        try:
            return from_lines(self.environment_file.read_text(encoding="utf-8"))
        except OSError:
            return {}

    def _secret(self, name: str, make: Callable[[], str]) -> Path:
        file = self.private("keys") / name
        if not file.exists():
            write_private(file, f"{make()}\n")
        return file


def demo_sign_ins() -> dict[str, str]:
    """The demo systems' secrets by the names under which bots look for them."""
    bots = {f"BATON_SECRET_ORDERDESK_BOT{n:02}": f"demo-bot-{n:02}" for n in range(1, BOT_ACCOUNTS + 1)}
    agents = {f"BATON_SECRET_SERVICEDESK_AGENT_BOT{n}": f"demo-agent-bot{n}" for n in range(1, 5)}
    dispatchers = {f"BATON_SECRET_FIELDBOARD_DISP{n:02}": f"demo-disp-{n:02}" for n in range(1, 5)}
    return {**bots, **agents, **dispatchers, "BATON_SECRET_SERVICEDESK_API_KEY": "demo-servicedesk-key"}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all, and on disk before it has its name."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def as_lines(variables: Mapping[str, str]) -> str:
    """NAME=value lines that a shell can source."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


def from_lines(text: str) -> dict[str, str]:
    """The reverse of `as_lines`; comments and empty lines are skipped."""
    words = (word.partition("=") for word in shlex.split(text, comments=True))
    return {name: value for name, equals, value in words if equals}
