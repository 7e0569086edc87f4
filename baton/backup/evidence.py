"""Evidence in a backup: the sealed objects as they lie in the store, in one archive."""

import tarfile
from pathlib import Path

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
