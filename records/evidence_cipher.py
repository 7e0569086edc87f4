"""What makes evidence unreadable where it lies: AES-GCM under keys of its own, a derived one for each class."""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MAGIC = b"BTE1"
_ID_BYTES = 8
_NONCE_BYTES = 12
_KEY_BYTES = 32
HEAD_BYTES = len(_MAGIC) + _ID_BYTES
"""So many bytes of an object tell which key it was sealed with."""
_CLASSES = {"public": b"o", "personal": b"p"}


class EvidenceUnreadable(Exception):
    """The bytes are not what was kept under this name, or are sealed with a key that is not here; a sentence."""


class Cipher:
    """Seals with the newest of its keys and opens with any. The object's path is bound in, so that none can be moved.

    A key is known by the hash of itself: nobody numbers them, and two can never be confused.
    """

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError(f"Evidence needs at least one key, and every key has {_KEY_BYTES} bytes.")
        self._keys = {_name(key): key for key in keys}
        self._newest = _name(keys[-1])

    @property
    def ids(self) -> frozenset[str]:
        """What its keys are called."""
        return frozenset(name.hex() for name in self._keys)

    @classmethod
    def of(cls, file: Path) -> "Cipher":
        """The keys in `file`, one a line in base64, the newest last. The file is made when it is missing."""
        if not file.exists():
            _make(file)
        try:
            lines = file.read_text(encoding="ascii").split()
            return cls([base64.b64decode(line, validate=True) for line in lines])
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise SystemExit(f"{file} does not hold the keys of evidence: one a line, base64 of 32 bytes.") from None

    def seal(self, path: str, data: bytes, data_class: str) -> bytes:
        """`data` as it may lie in a store under `path`."""
        head = _MAGIC + self._newest + _CLASSES[data_class]
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._cipher(head).encrypt(nonce, data, head + path.encode())

    def open(self, path: str, sealed: bytes) -> bytes:
        """The reverse of `seal`. Raises EvidenceUnreadable."""
        at = len(_MAGIC) + _ID_BYTES + 1
        head, nonce, rest = sealed[:at], sealed[at : at + _NONCE_BYTES], sealed[at + _NONCE_BYTES :]
        try:
            if head[: len(_MAGIC)] != _MAGIC:
                raise EvidenceUnreadable("This is not what was kept: it is not sealed by Baton.")
            return self._cipher(head).decrypt(nonce, rest, head + path.encode())
        except KeyError:
            raise EvidenceUnreadable("This was sealed with a key that is not on this machine.") from None
        except (InvalidTag, ValueError):
            raise EvidenceUnreadable("This is not what was kept: somebody or something changed it.") from None

    def _cipher(self, head: bytes) -> AESGCM:
        name, data_class = head[len(_MAGIC) : len(_MAGIC) + _ID_BYTES], head[-1:]
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"baton evidence " + data_class)
        return AESGCM(derived.derive(self._keys[name]))


def sealed_with(head: bytes) -> str | None:
    """What the key of a sealed object is called, told by its first bytes; None when Baton did not seal it."""
    return head[len(_MAGIC) : HEAD_BYTES].hex() if head[: len(_MAGIC)] == _MAGIC else None


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"baton evidence key " + key).digest()[:_ID_BYTES]


def _make(file: Path) -> None:
    """Whole or not at all, for its owner alone; when two processes start at once, the first one's stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as made:
        made.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        made.flush()
        os.fsync(made.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()
