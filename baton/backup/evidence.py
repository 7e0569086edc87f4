"""Evidence in a backup: the sealed objects as they lie in the store, in one archive."""

import io
import tarfile
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from baton.backup.manifest import BackupError
from records.evidence_cipher import HEAD_BYTES, sealed_with


def pack(folder: Path, file: Path) -> tuple[set[str], set[str]]:
    """Put every object of a store into an archive; their paths, and the ids of the keys that they are sealed with.

    Objects are written once and never changed; what retention removes meanwhile is left out.
    """
    paths: set[str] = set()
    keys: set[str] = set()
    with tarfile.open(file, "w") as archive:
        for found in sorted(folder.rglob("*")) if folder.exists() else []:
            name = found.relative_to(folder).as_posix()
            if not found.is_file() or "#" in name:  # the store calls what it has not finished so
                continue
            try:
                opened = found.open("rb")
            except FileNotFoundError:
                continue
            with opened:
                key = sealed_with(opened.read(HEAD_BYTES))
                if key is None:
                    continue
                opened.seek(0)
                archive.addfile(archive.gettarinfo(arcname=name, fileobj=opened), opened)
            paths.add(name)
            keys.add(key)
    return paths, keys


def unpack(file: Path, folder: Path) -> None:
    """Put an archive's objects into a new store. Raises BackupError for what `pack` would not have written."""
    folder.mkdir(mode=0o700)
    try:
        with tarfile.open(file, "r") as archive:
            archive.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise BackupError(f"{file.name} cannot be unpacked: {error}.") from None


def pack_from(url: str, file: Path) -> tuple[set[str], set[str]]:
    """As `pack`, of a store by its address: one object at a time is in memory. Raises BackupError."""
    paths: set[str] = set()
    keys: set[str] = set()
    try:
        store = _store(url)
        with tarfile.open(file, "w") as archive:
            for some in store.list():
                for one in some:
                    data = _bytes(store, one["path"])
                    key = sealed_with(data[:HEAD_BYTES])
                    if key is None:
                        continue
                    row = tarfile.TarInfo(one["path"])
                    row.size, row.mtime, row.mode = len(data), int(one["last_modified"].timestamp()), 0o600
                    archive.addfile(row, io.BytesIO(data))
                    paths.add(one["path"])
                    keys.add(key)
    except BaseError as error:
        raise BackupError(
            f"The evidence store does not answer ({type(error).__name__}), so no backup was made."
        ) from None
    return paths, keys


def unpack_to(file: Path, url: str) -> None:
    """Put an archive's objects into a store by its address; one that is there stays. Raises BackupError."""
    try:
        store = _store(url)
        with tarfile.open(file, "r") as archive:
            for row in archive:
                found = archive.extractfile(row)
                if found is not None:
                    _put(store, row.name, found.read())
    except tarfile.TarError as error:
        raise BackupError(f"{file.name} cannot be unpacked: {error}.") from None
    except (BaseError, FileNotFoundError) as error:
        kind = type(error).__name__
        raise BackupError(f"The store at BATON_EVIDENCE_URL does not answer ({kind}): nothing is restored.") from None


def _put(store: ObjectStore, path: str, data: bytes) -> None:
    try:
        obstore.put(store, path, data, mode="create")
    except AlreadyExistsError:
        if _bytes(store, path) != data:
            raise BackupError(f"The evidence store holds something else at {path}: name an empty one.") from None


def _bytes(store: ObjectStore, path: str) -> bytes:
    """An object as it lies there; nothing when it was removed meanwhile."""
    try:
        return bytes(obstore.get(store, path).bytes())
    except FileNotFoundError:
        return b""


def _store(url: str) -> ObjectStore:
    try:
        return from_url(url)
    except ValueError as error:
        raise BackupError(f"BATON_EVIDENCE_URL names no store that can be used: {error}") from None
