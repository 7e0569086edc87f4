"""The keys that a backup needs: never in it, written apart when asked for, and at hand before anything is restored."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from baton.backup.manifest import BackupError, Manifest
from baton.data_folder import write_private
from baton.payload_keys import KEY_BYTES, KeyRing, KeyTroubleError, misfits
from records.evidence_cipher import Cipher

FORMAT = "baton keys 1"
HOW = "bring them with --keys FILE, or put the key files into the data folder first"


@dataclass(frozen=True)
class Keys:
    """Payload keys and evidence keys, the newest last."""

    payload: tuple[bytes, ...] = ()
    evidence: tuple[bytes, ...] = ()

    def write(self, file: Path) -> None:
        """Keep them in a file for its owner alone; one that exists is never written over."""
        if file.exists():
            raise BackupError(f"{file} exists; keys are not written over anything.")
        told = {"format": FORMAT, "payload": _as_text(self.payload), "evidence": _as_text(self.evidence)}
        write_private(file, json.dumps(told, indent=1) + "\n")

    def before(self, later: "Keys") -> "Keys":
        """These and then those; what encrypts there goes on encrypting."""
        return Keys(_joined(self.payload, later.payload), _joined(self.evidence, later.evidence))


def read(file: Path) -> Keys:
    """The keys of a file that `write` made. Raises BackupError."""
    try:
        told = json.loads(file.read_text(encoding="ascii"))
        if told["format"] != FORMAT:
            raise ValueError
        return Keys(_from_text(told["payload"]), _from_text(told["evidence"]))
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise BackupError(f"{file} is no file of keys that `baton backup --keys-to` wrote.") from None


def at(payload: Path, evidence: Path) -> Keys:
    """The keys that lie there already. Raises BackupError for files that hold none."""
    return Keys(_of_file(payload), _of_file(evidence))


def install(keys: Keys, payload: Path, evidence: Path) -> None:
    """Have these keys in the two files."""
    for file, wanted in ((payload, keys.payload), (evidence, keys.evidence)):
        if wanted and _of_file(file) != wanted:
            write_private(file, "".join(f"{line}\n" for line in _as_text(wanted)))


def check(manifest: Manifest, keys: Keys) -> None:
    """Raise BackupError unless every key that the backup needs is at hand and its seal holds."""
    needed = manifest.payload_keys
    try:
        ring = KeyRing(list(keys.payload))
        missing = misfits(ring, needed)
    except KeyTroubleError:
        missing = sorted(needed) or [manifest.sealed_by]
    if missing:
        raise BackupError(f"The payload key {', '.join(missing)} of this backup is not at hand: {HOW}.")
    known = Cipher(list(keys.evidence)).ids if keys.evidence else frozenset()
    unknown = sorted(set(manifest.evidence_keys) - known)
    if unknown:
        raise BackupError(f"The evidence key {', '.join(unknown)} of this backup is not at hand: {HOW}.")
    try:
        manifest.check_seal(ring.key(manifest.sealed_by))
    except KeyTroubleError:
        raise BackupError(f"This backup was sealed with the key {manifest.sealed_by}, not at hand: {HOW}.") from None


def _of_file(file: Path) -> tuple[bytes, ...]:
    try:
        return _from_text(file.read_text(encoding="ascii").split())
    except FileNotFoundError:
        return ()
    except (ValueError, binascii.Error):
        raise BackupError(f"{file} does not hold keys: one a line, {KEY_BYTES} bytes in base64.") from None


def _joined(first: Sequence[bytes], later: Sequence[bytes]) -> tuple[bytes, ...]:
    return (*(key for key in first if key not in later), *later)


def _as_text(keys: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(key).decode("ascii") for key in keys]


def _from_text(lines: Sequence[str]) -> tuple[bytes, ...]:
    keys = tuple(base64.b64decode(line, validate=True) for line in lines)
    if any(len(key) != KEY_BYTES for key in keys):
        raise ValueError("a key of another length")
    return keys
