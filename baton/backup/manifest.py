"""What a backup says of itself: `manifest.json`, written last, sealed with a payload key, held against every file."""

import hashlib
import hmac
import json
import os
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from baton.data_folder import write_private
from baton.payload_keys import KeyRing
from baton.stack import ROOT

NAME = "manifest.json"
FORMAT = "baton backup 1"
RECORDS, TEMPORAL, EVIDENCE = "records.dump", "temporal.sqlite", "evidence.tar"
CHUNK = 1 << 20


class BackupError(Exception):
    """A backup was not made, or is not restored, and nothing changed; the message is one sentence for people."""


class Kept(BaseModel):
    """One file of a backup as it was when it was checked after writing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    sha256: str


class Manifest(BaseModel):
    """What is in a backup, of which moment, and what it takes to restore it.

    `taken_at` is the moment of the records; every row that was committed before it is in them, `rows` by table.
    `payload_keys` are the ids and check values of the keys that it needs, `evidence_keys` their ids. `evidence_gone`
    counts evidence that the records name and the store did not have. `temporal` is the version of the program, and
    empty where Temporal's state is not ours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    baton: str
    revision: str
    postgres: int
    temporal: str
    taken_at: datetime
    rows: dict[str, int]
    evidence: Literal["here", "elsewhere"]
    evidence_gone: int
    payload_keys: dict[str, str]
    evidence_keys: list[str]
    files: dict[str, Kept]
    sealed_by: str = ""
    seal: str = ""

    def sealed(self, ring: KeyRing) -> "Manifest":
        """The same with a seal of the newest payload key: nobody without it can alter a backup unseen."""
        key_id, key = ring.newest
        bare = self.model_copy(update={"sealed_by": key_id, "seal": ""})
        return bare.model_copy(update={"seal": _seal(bare, key)})

    def check_seal(self, key: bytes) -> None:
        """Raise BackupError when it is not as it was sealed."""
        if not hmac.compare_digest(self.seal, _seal(self.model_copy(update={"seal": ""}), key)):
            raise BackupError(f"{NAME} was altered after the backup was made, so nothing of it is restored.")

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all, and on disk when this returns."""
        write_private(folder / NAME, self.model_dump_json(indent=1) + "\n")
        synced(folder)


def read(folder: Path) -> Manifest:
    """The manifest of a backup, whose files are all there as they were written. Raises BackupError."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(f"{folder} holds no {NAME}: it is no backup, or was cut off before its end.") from None
    except ValueError:
        raise BackupError(f"{NAME} in {folder} is not one that `baton backup` wrote, or was cut off.") from None
    form = str(found.get("format", "")) if isinstance(found, dict) else ""
    if form != FORMAT:
        what = f"is of another version ({form})" if form.startswith("baton backup ") else "is no backup of Baton"
        raise BackupError(f"{folder} {what}; this Baton reads {FORMAT}.")
    try:
        manifest = Manifest.model_validate(found)
    except ValidationError:
        raise BackupError(f"{NAME} in {folder} was altered: it is not as `baton backup` writes it.") from None
    for name in sorted(manifest.files):
        _check_file(folder, name, manifest.files[name])
    return manifest


def kept(file: Path) -> Kept:
    """A file as it lies on disk, read from there."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return Kept(size=file.stat().st_size, sha256=digest.hexdigest())


def synced(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def build() -> str:
    """The version of this Baton."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def _check_file(folder: Path, name: str, said: Kept) -> None:
    file = folder / name
    if name not in (RECORDS, TEMPORAL, EVIDENCE):
        raise BackupError(f"{NAME} in {folder} was altered: it names {name}, which is no part of a backup.")
    if not file.is_file():
        raise BackupError(f"{name} is missing in {folder}: the backup is not whole.")
    size = file.stat().st_size
    if size != said.size:
        raise BackupError(f"{name} has {size} bytes and not {said.size}: the backup was cut off or altered.")
    if kept(file) != said:
        raise BackupError(f"{name} was altered after the backup was made, so nothing of it is restored.")


def _seal(manifest: Manifest, key: bytes) -> str:
    told = json.dumps(manifest.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(hmac.digest(key, b"baton backup", "sha256"), told, hashlib.sha256).hexdigest()
