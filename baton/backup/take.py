"""Taking a backup while work goes on: Temporal's state first, then the records, then the evidence that they name.

In that order nothing refers to what is missing: the records know of all that Temporal's copy knows, and evidence is
in the store before a record names it.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from baton.backup import database, engine, evidence, keys
from baton.backup.manifest import EVIDENCE, NAME, RECORDS, TEMPORAL, BackupError, Kept, Manifest, build, kept, read
from baton.data_folder import DataFolder
from baton.payload_keys import KeyRing, misfit_sentence, misfits
from core.settings import Settings
from records import evidence_store
from records.evidence_cipher import Cipher


async def take(settings: Settings, target: Path, keys_to: Path | None, *, without_evidence: bool = False) -> Manifest:
    """A whole, checked backup in the new folder `target`. Raises BackupError or KeyTroubleError; then none is left."""
    ring = KeyRing.of(settings.codec_key_file)
    data = DataFolder(settings.data_dir)
    evidence_keys = settings.evidence_key_file or data.path / evidence_store.KEYS
    if keys_to is not None:
        _check_apart(target, keys_to)
    with _new(target):
        manifest = await asyncio.to_thread(
            _taken, settings, data, target, evidence_keys, without_evidence=without_evidence
        )
        missing = misfits(ring, manifest.payload_keys)
        if missing:
            raise BackupError(misfit_sentence(settings.codec_key_file, missing))
        if keys_to is not None:
            assert settings.codec_key_file is not None, "the ring was read from it"
            keys.at(settings.codec_key_file, evidence_keys).write(keys_to)
        manifest = manifest.sealed(ring)
        manifest.write(target)
        await asyncio.to_thread(read, target)
    return manifest


def _taken(
    settings: Settings, data: DataFolder, target: Path, evidence_keys: Path, *, without_evidence: bool
) -> Manifest:
    """Everything but the seal, each file read again from the disk."""
    state, temporal = data.path / "temporal" / "temporal.db", ""
    if state.exists():
        temporal = engine.version()
        engine.copy(state, target / TEMPORAL)
    moment = database.dump(settings.database_url, target / RECORDS)
    database.check(target / RECORDS)
    if without_evidence:
        gone, sealed = 0, set(Cipher.of(evidence_keys).ids)
    else:
        place, file = data.path / "evidence", target / EVIDENCE
        url = settings.evidence_url
        paths, sealed = evidence.pack_from(url, file) if url else evidence.pack(place, file)
        gone = len(moment.evidence - paths)
    return Manifest(
        baton=build(),
        revision=moment.revision,
        postgres=moment.postgres,
        temporal=temporal,
        taken_at=moment.at,
        rows=moment.rows,
        evidence="elsewhere" if without_evidence else "here",
        evidence_gone=gone,
        payload_keys=moment.payload_keys,
        evidence_keys=sorted(sealed),
        files=_files(target),
    )


def _files(target: Path) -> dict[str, Kept]:
    found = {}
    for name in (RECORDS, TEMPORAL, EVIDENCE):
        if (target / name).exists():
            (target / name).chmod(0o600)
            found[name] = kept(target / name)
    return found


def _check_apart(target: Path, keys_to: Path) -> None:
    if keys_to.absolute().is_relative_to(target.absolute()):
        raise BackupError("The keys go to a place apart from the backup: whoever has both reads everything.")
    if keys_to.exists():
        raise BackupError(f"{keys_to} exists; keys are not written over anything.")


@contextlib.contextmanager
def _new(target: Path) -> Iterator[None]:
    """A folder for its owner alone, gone again when no whole backup comes of it."""
    try:
        target.mkdir(mode=0o700)
    except FileExistsError:
        words = "holds a backup already" if (target / NAME).exists() else "exists"
        raise BackupError(f"{target} {words}; name a folder that is not there yet.") from None
    try:
        yield
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
