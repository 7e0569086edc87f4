"""Where a backup lies when it is no folder here: an object store, by an address like s3://bucket/prefix.

It is made here first, then sent, file by file, read back, and the manifest last: what lacks it is no backup. To be
restored it is fetched whole, and then checked as any other.
"""

import contextlib
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from baton.backup.manifest import CHUNK, EVIDENCE, NAME, RECORDS, TEMPORAL, BackupError, Kept, Manifest, kept

ROOM = "backup"
CLAIM = "backup.claim"
"""Lies there before all else, and stays: of two backups that are sent to one place, one is not sent."""


def is_address(where: str) -> bool:
    """Whether that is an object store's address and no folder's name."""
    return "://" in where


@contextlib.contextmanager
def staged() -> Iterator[Path]:
    """A folder for its owner alone in which a backup passes through this machine; gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="baton-backup-"))
    try:
        yield made / ROOM
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def here(where: str) -> Iterator[Path]:
    """A backup as a folder of this machine: it is one, or it is fetched for as long as it is needed."""
    if not is_address(where):
        yield Path(where)
        return
    with staged() as folder:
        fetch(where, folder)
        yield folder


def check_new(url: str) -> None:
    """Raise BackupError when something lies there already, or the store does not answer: before all the work."""
    store = _store(url)
    with _answering(url):
        for some in store.list(chunk_size=1):
            if some:
                words = "holds a backup already" if _has(store, NAME) else "is not empty"
                raise BackupError(f"{url} {words}; name a prefix where nothing lies yet.")


def send(folder: Path, manifest: Manifest, url: str) -> None:
    """Put a whole backup there, and read each file back. Raises BackupError; then no manifest lies there."""
    store = _store(url)
    with _answering(url):
        if not _is_ours(store, CLAIM, secrets.token_bytes(16)):
            raise BackupError(f"Another backup was begun at {url} meanwhile: this one was not sent.")
        for name, said in manifest.files.items():
            obstore.put(store, name, folder / name)
            if _read(store, name) != said:
                raise BackupError(f"{name} came back from {url} another than it was sent: it is no backup.")
        if not _is_ours(store, NAME, (folder / NAME).read_bytes()):
            raise BackupError(f"Something else wrote a {NAME} to {url} meanwhile: this backup was not finished.")
        if _read(store, NAME) != kept(folder / NAME):
            raise BackupError(f"{NAME} came back from {url} another than it was sent: do not rely on this backup.")


def fetch(url: str, folder: Path) -> None:
    """Bring a backup here as it lies there. Raises BackupError when there is none."""
    store = _store(url)
    folder.mkdir(mode=0o700)
    with _answering(url):
        names = {one["path"] for some in store.list() for one in some}
        if NAME not in names:
            raise BackupError(f"{url} holds no {NAME}: it is no backup, or was cut off before its end.")
        for name in names & {NAME, RECORDS, TEMPORAL, EVIDENCE}:
            with (folder / name).open("wb") as file:
                for piece in obstore.get(store, name).stream(min_chunk_size=CHUNK):
                    file.write(piece)


def _is_ours(store: ObjectStore, name: str, data: bytes) -> bool:
    """Put what nothing lies under yet; whether it lies there: a lost answer has the store asked again."""
    try:
        obstore.put(store, name, data, mode="create")
    except AlreadyExistsError:
        return bytes(obstore.get(store, name).bytes()) == data
    return True


def _read(store: ObjectStore, name: str) -> Kept:
    digest, size = hashlib.sha256(), 0
    for piece in obstore.get(store, name).stream(min_chunk_size=CHUNK):
        digest.update(piece)
        size += len(piece)
    return Kept(size=size, sha256=digest.hexdigest())


def _has(store: ObjectStore, name: str) -> bool:
    try:
        obstore.head(store, name)
    except FileNotFoundError:
        return False
    return True


def _store(url: str) -> ObjectStore:
    if "@" in url:
        raise BackupError(
            "An address bears no credentials, for a command line can be read by others: access is told by the "
            "variables of the store's provider."
        )
    try:
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise BackupError(f"{url} names no store that can be used: {str(error).splitlines()[0]}") from None


@contextlib.contextmanager
def _answering(url: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise BackupError(
            f"{url} does not answer as a store ({type(error).__name__}): is there such a bucket, and may we use it?"
        ) from None
