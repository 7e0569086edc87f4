"""What makes Temporal's payloads unreadable without our key: AES-GCM over every payload, from the first run."""

import dataclasses
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadCodec

from baton.payload_keys import KeyRing, KeyTroubleError

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12


class AesGcmCodec(PayloadCodec):
    """Encrypts whole payloads, their metadata included; the key's id stands beside, so that keys can be changed."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload under the newest key, with a nonce of its own."""
        return [self._encoded(payload) for payload in payloads]

    def _encoded(self, payload: Payload) -> Payload:
        name, key = self._ring.newest
        key_id, nonce = name.encode(), os.urandom(NONCE_BYTES)
        data = nonce + AESGCM(key).encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": ENCODING, "encryption-key-id": key_id}, data=data)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what we encrypted; a payload that was never encrypted stays as it is. KeyTroubleError otherwise."""
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        nonce, data = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            plain = AESGCM(self._ring.key(key_id.decode("ascii", "replace"))).decrypt(nonce, data, key_id)
        except InvalidTag:
            raise KeyTroubleError("A payload was encrypted with another key.") from None
        return Payload.FromString(plain)


def data_converter(keys: KeyRing | bytes) -> DataConverter:
    """Pydantic models in, encrypted payloads out; `keys` may be one key.

    Failure messages stay readable on purpose: they are codes and fixed sentences (`activities/edge.py`), and IT must
    be able to read them in the Temporal UI.
    """
    ring = keys if isinstance(keys, KeyRing) else KeyRing([keys])
    return dataclasses.replace(pydantic_data_converter, payload_codec=AesGcmCodec(ring))
