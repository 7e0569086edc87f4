"""Credentials in one encrypted file: each value under AES-GCM, the key in another file, both for their owner alone.

What a credential is called, when it expires and when it changed lies readable beside it, so that a list needs no key;
it is bound to the value, so that nobody can swap two values or push an expiry out unnoticed.
"""

import base64
import binascii
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from bots.kit.secrets.seam import Known, Secret, SecretsAway, SecretsRefusedError, proper
from core.faults import CredentialMissing

KEY_BYTES = 32
NONCE_BYTES = 12


class Entry(BaseModel):
    """One credential in the file; `sealed` holds value and seed."""

    model_config = ConfigDict(frozen=True)

    name: str
    user: str = ""
    expires_at: datetime | None = None
    changed_at: datetime
    version: int = 1
    totp: bool = False
    sealed: str = ""

    def bound(self) -> bytes:
        """What stands readable beside the sealed part, in one fixed form."""
        return json.dumps(self.model_dump(mode="json", exclude={"sealed"}), sort_keys=True).encode()


class Book(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True)

    entries: dict[str, Entry] = {}


class FileSecrets:
    """The provider, and what `baton secrets` changes with."""

    def __init__(self, file: Path, key_file: Path) -> None:
        self._file = file
        self._key_file = key_file

    async def fetch(self, name: str) -> Secret:
        """Read anew each time, so that a changed value counts from the next sign-in on."""
        name = proper(name)
        entry = self._read().entries.get(name)
        if entry is None:
            raise CredentialMissing(f"{self._file} holds no {name}")
        value, seed = self._unsealed(entry, self._key())
        return Secret(
            name, value, user=entry.user, totp_seed=seed, expires_at=entry.expires_at, version=str(entry.version)
        )

    async def known(self) -> list[Known]:
        """Every entry; the key is not needed."""
        return [
            Known.model_validate({**entry.model_dump(exclude={"sealed", "version"}), "version": str(entry.version)})
            for _, entry in sorted(self._read().entries.items())
        ]

    def keep(self, secret: Secret, now: datetime, *, new: bool | None = None) -> Known:
        """Write a credential; its version grows. `new` demands that it was there (False) or not (True).

        A new value alone leaves the user and the seed as they were.

        Raises SecretsRefusedError, SecretsAway.
        """
        name = proper(secret.name)
        with self._writing() as book:
            before = book.entries.get(name)
            if new is False and before is None:
                raise SecretsRefusedError(f"There is no credential {name} to rotate: see `baton secrets list`.")
            if new is True and before is not None:
                raise SecretsRefusedError(f"{name} is there already; give it a new value with `baton secrets rotate`.")
            entry = Entry(
                name=name,
                user=secret.user or (before.user if before else ""),
                expires_at=secret.expires_at,
                changed_at=now,
                version=before.version + 1 if before else 1,
                totp=bool(secret.totp_seed() or (before and before.totp)),
            )
            key = self._key(make=not book.entries)
            seed = secret.totp_seed() or (self._unsealed(before, key)[1] if before else "")
            sealed = self._sealed(entry, secret.reveal(), seed, key)
            entry = entry.model_copy(update={"sealed": sealed})
            self._write(Book(entries={**book.entries, name: entry}))
        return Known(name=name, expires_at=entry.expires_at, changed_at=now, version=str(entry.version))

    def declare(self, name: str, ends: datetime) -> None:
        """Say when a credential expires; its value stays, and its version, which tells of values.

        Raises SecretsRefusedError, SecretsAway.
        """
        name = proper(name)
        with self._writing() as book:
            before = book.entries.get(name)
            if before is None:
                raise SecretsRefusedError(f"There is no credential {name}: see `baton secrets list`.")
            key = self._key()
            entry = before.model_copy(update={"expires_at": ends})
            entry = entry.model_copy(update={"sealed": self._sealed(entry, *self._unsealed(before, key), key)})
            self._write(Book(entries={**book.entries, name: entry}))

    def remove(self, name: str) -> None:
        """Forget a credential. Raises SecretsRefusedError when there is none."""
        name = proper(name)
        with self._writing() as book:
            if name not in book.entries:
                raise SecretsRefusedError(f"There is no credential {name}: see `baton secrets list`.")
            self._write(Book(entries={kept: entry for kept, entry in book.entries.items() if kept != name}))

    @contextmanager
    def _writing(self) -> Iterator[Book]:
        """One writer at a time: two verbs at once would lose one of the changes."""
        try:
            self._file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            with self._file.with_name(f"{self._file.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._read()
        except OSError as error:
            raise SecretsAway(f"{self._file}: {error.strerror}") from None

    def _read(self) -> Book:
        try:
            private(self._file)
            return Book.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return Book()
        except OSError as error:
            raise SecretsAway(f"{self._file}: {error.strerror}") from None
        except ValidationError:  # its own words quote the file
            raise SecretsAway(f"{self._file} is not a file of credentials") from None

    def _write(self, book: Book) -> None:
        write_whole(self._file, book.model_dump_json(indent=1).encode())

    def _key(self, *, make: bool = False) -> bytes:
        try:
            if make and not self._key_file.exists():
                self._key_file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
                write_whole(self._key_file, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            private(self._key_file)
            key = base64.b64decode(self._key_file.read_bytes().strip(), validate=True)
        except FileNotFoundError:
            raise SecretsAway(f"there is no key at {self._key_file}: bring it back") from None
        except (OSError, binascii.Error):
            raise SecretsAway(f"{self._key_file} holds no key that can be read") from None
        if len(key) != KEY_BYTES:
            raise SecretsAway(f"{self._key_file} does not hold {KEY_BYTES} bytes in base64")
        return key

    def _sealed(self, entry: Entry, value: str, seed: str, key: bytes) -> str:
        plain = json.dumps([value, seed]).encode()
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, entry.bound())).decode("ascii")

    def _unsealed(self, entry: Entry, key: bytes) -> tuple[str, str]:
        try:
            sealed = base64.b64decode(entry.sealed, validate=True)
            plain = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], entry.bound())
        except (InvalidTag, ValueError):
            raise SecretsAway(f"{entry.name} was changed by hand or belongs to another key") from None
        value, seed = json.loads(plain)
        return str(value), str(seed)


def private(path: Path) -> None:
    """Raise SecretsAway when others than the owner may read it."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SecretsAway(f"others may read {path}: chmod 600 {path}")


def write_whole(path: Path, data: bytes) -> None:
    """Write a private file whole or not at all, on disk before it has its name."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
