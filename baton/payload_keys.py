"""The keys that make Temporal's payloads unreadable: a file of its own, apart from the data that they encrypt.

One key a line, 32 bytes in base64, the newest last: it encrypts, and every other one still decrypts. A key is known by
a hash of itself, so that nobody numbers them and no two can be confused.
"""

import base64
import binascii
import hashlib
import hmac
import os
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton.data_folder import write_private
from core import clock
from core.settings import Settings
from records import payload_keys as records
from records.database import Database

log = structlog.get_logger(__name__)

KEY_BYTES = 32
ID_LETTERS = 8
FIRST = "1"
"""How the first key of a data folder was called before keys were known by their hash."""


class KeyTroubleError(Exception):
    """A payload key is missing, unreadable, or not the one that something was encrypted with."""


class KeyRing:
    """The keys of one file. A file that is changed counts from the next use on, so that nothing need be restarted."""

    def __init__(self, keys: list[bytes], file: Path | None = None) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise KeyTroubleError(f"A payload key has {KEY_BYTES} bytes; {file or 'this'} holds others, or none.")
        self._file = file
        self._changed = _changed(file)
        self._take(keys)

    @classmethod
    def of(cls, file: Path | None) -> "KeyRing":
        """The keys in `file`, as `baton up` makes it. KeyTroubleError when it cannot be read."""
        if file is None:
            raise KeyTroubleError("BATON_CODEC_KEY_FILE is not set: without a key nothing is sent to Temporal.")
        return cls(_read(file), file)

    @property
    def newest(self) -> tuple[str, bytes]:
        """The key that encrypts, with its id."""
        self._refresh()
        return self._newest, self._keys[self._newest]

    @property
    def ids(self) -> list[str]:
        """Every key's id, the newest last."""
        return list(self._keys)

    def key(self, key_id: str) -> bytes:
        """The key of that id. KeyTroubleError when it is not here."""
        if key_id == FIRST:
            return self._keys[self.ids[0]]
        if key_id not in self._keys:
            self._refresh()
        if key_id not in self._keys:
            raise KeyTroubleError(f"A payload was encrypted with the key {key_id}, which is not here.")
        return self._keys[key_id]

    def check_values(self) -> dict[str, str]:
        """By which a key is known again where it is not kept: its id and a value that tells nothing about it."""
        mark = b"baton payload key"
        return {key_id: hmac.new(key, mark, hashlib.sha256).hexdigest()[:32] for key_id, key in self._keys.items()}

    def _take(self, keys: list[bytes]) -> None:
        self._keys = {id_of(key): key for key in keys}
        self._newest = id_of(keys[-1])

    def _refresh(self) -> None:
        changed = _changed(self._file)
        if self._file is not None and changed not in (None, self._changed):
            keys = _read(self._file)
            if keys and all(len(key) == KEY_BYTES for key in keys):
                self._take(keys)
                self._changed = changed


async def checked(settings: Settings) -> KeyRing:
    """The payload keys, once they were held against the data; new ones are noted there.

    SystemExit with one sentence when a key is missing that this data was encrypted with: whoever started all the same
    would fail at every case, for ever.
    """
    try:
        ring = KeyRing.of(settings.codec_key_file)
    except KeyTroubleError as trouble:
        raise SystemExit(str(trouble)) from None
    if not settings.database_url:
        return ring
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            missing = misfits(ring, await records.used(session))
            if missing:
                raise SystemExit(misfit_sentence(settings.codec_key_file, missing))
            await records.note(session, ring.check_values(), clock.now())
    except (DBAPIError, PoolTimeout, OSError) as error:
        log.warning("payload_keys.unchecked", kind=type(error).__name__)  # the database is away, or has no tables yet
    finally:
        await database.close()
    return ring


async def used(settings: Settings) -> dict[str, str]:
    """Check values of the keys that this data was encrypted with, by id."""
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            return await records.used(session)
    finally:
        await database.close()


def rotate(file: Path) -> str:
    """Add a new key, whole or not at all; its id. KeyTroubleError when the file cannot be read or written."""
    ring, new = KeyRing.of(file), os.urandom(KEY_BYTES)
    _write(file, [*(ring.key(key_id) for key_id in ring.ids), new])
    return id_of(new)


async def retire(settings: Settings, file: Path, key_id: str) -> None:
    """Take a key out of the file and out of those that this data wants.

    The data forgets it first, for whatever starts in between would find a key missing; and once more at the end, for
    what starts in between may note it anew.
    """
    ring = KeyRing.of(file)
    await _forget(settings, key_id)
    _write(file, [ring.key(other) for other in ring.ids if other != key_id])
    await _forget(settings, key_id)


async def _forget(settings: Settings, key_id: str) -> None:
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            await records.forget(session, key_id)
    finally:
        await database.close()


async def since(settings: Settings, key_id: str) -> datetime | None:
    """Since when that key is in use with this data."""
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            return await records.since(session, key_id)
    finally:
        await database.close()


def _write(file: Path, keys: list[bytes]) -> None:
    try:
        write_private(file, "".join(f"{base64.b64encode(key).decode('ascii')}\n" for key in keys))
    except OSError as error:
        raise KeyTroubleError(f"{file} cannot be written: {error.strerror}.") from None


def misfits(ring: KeyRing, used: dict[str, str]) -> list[str]:
    """The ids of keys that were used with this data and are not in the ring."""
    here = ring.check_values()
    return [key_id for key_id, value in used.items() if not hmac.compare_digest(here.get(key_id, ""), value)]


def misfit_sentence(file: Path | None, missing: list[str]) -> str:
    """What is wrong with it, and what to do."""
    return f"{file} does not hold the payload key {', '.join(missing)} of this data: bring it back, or nothing starts."


def id_of(key: bytes) -> str:
    """What a key is called."""
    return hashlib.sha256(key).hexdigest()[:ID_LETTERS]


def _changed(file: Path | None) -> int | None:
    try:
        return file.stat().st_mtime_ns if file is not None else None
    except OSError:
        return None


def _read(file: Path) -> list[bytes]:
    try:
        lines = file.read_text(encoding="ascii").split()
        return [base64.b64decode(line, validate=True) for line in lines]
    except FileNotFoundError:
        raise KeyTroubleError(f"There is no payload key at {file}.") from None
    except OSError as error:
        raise KeyTroubleError(f"{file} cannot be read: {error.strerror}.") from None
    except (binascii.Error, UnicodeDecodeError):
        raise KeyTroubleError(f"{file} does not hold keys in base64.") from None
