"""What makes Temporal's payloads unreadable without our key: AES-GCM over every payload, from the first run."""

import base64
import binascii
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadCodec

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12
KEY_BYTES = 32


class KeyTroubleError(Exception):
    """The codec's key is missing, unreadable or not the one that a payload was encrypted with."""


class AesGcmCodec(PayloadCodec):
    """Encrypts whole payloads, their metadata included; the key's id stands beside, so that keys can be changed."""

    def __init__(self, key: bytes, key_id: str = "1") -> None:
        if len(key) != KEY_BYTES:
            raise KeyTroubleError(f"The codec's key must have {KEY_BYTES} bytes; this one has {len(key)}.")
        self._cipher = AESGCM(key)
        self._key_id = key_id.encode()

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload with a nonce of its own."""
        return [self._encoded(payload) for payload in payloads]

    def _encoded(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + self._cipher.encrypt(nonce, payload.SerializeToString(), self._key_id)
        return Payload(metadata={"encoding": ENCODING, "encryption-key-id": self._key_id}, data=data)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what we encrypted; a payload that was never encrypted stays as it is. KeyTroubleError otherwise."""
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        nonce, data = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, data, payload.metadata.get("encryption-key-id"))
        except InvalidTag:
            raise KeyTroubleError("A payload was encrypted with another key.") from None
        return Payload.FromString(plain)


def read_key(file: Path | None) -> bytes:
    """The key in `file`, base64 of 32 bytes, as `baton up` makes it. KeyTroubleError when it cannot be read."""
    if file is None:
        raise KeyTroubleError("BATON_CODEC_KEY_FILE is not set: without a key nothing is sent to Temporal.")
    try:
        return base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True)
    except FileNotFoundError:
        raise KeyTroubleError(f"There is no codec key at {file}.") from None
    except (binascii.Error, UnicodeDecodeError):
        raise KeyTroubleError(f"{file} does not hold a key in base64.") from None


def data_converter(key: bytes) -> DataConverter:
    """Pydantic models in, encrypted payloads out.

    Failure messages stay readable on purpose: they are codes and fixed sentences (`activities/edge.py`), and IT must
    be able to read them in the Temporal UI.
    """
    return dataclasses.replace(pydantic_data_converter, payload_codec=AesGcmCodec(key))
