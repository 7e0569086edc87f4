"""What makes Temporal's payloads unreadable without our key: AES-GCM over every payload, from the first run."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from baton.payload_keys import KeyRing, KeyTroubleError

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12
WORKFLOW = "baton-workflow"
"""Under which a payload says, readable and proven by the encryption, which workflow it belongs to."""


class AesGcmCodec(PayloadCodec, WithSerializationContext):
    """Encrypts whole payloads, their metadata included; the key's id stands beside, so that keys can be changed.

    The workflow's id stands there too: whoever opens a payload for a person must know which journey it belongs to.
    """

    def __init__(self, ring: KeyRing, workflow_id: str = "") -> None:
        self._ring = ring
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> "AesGcmCodec":
        """The same keys, for the payloads of one workflow."""
        if isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return AesGcmCodec(self._ring, context.workflow_id or "")
        return self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload under the newest key, with a nonce of its own."""
        return [self._encoded(payload) for payload in payloads]

    def _encoded(self, payload: Payload) -> Payload:
        name, key = self._ring.newest
        metadata = {"encoding": ENCODING, "encryption-key-id": name.encode()}
        if self._workflow_id:
            metadata[WORKFLOW] = self._workflow_id.encode()
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + AESGCM(key).encrypt(nonce, payload.SerializeToString(), _proven(metadata))
        return Payload(metadata=metadata, data=data)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what we encrypted; a payload that was never encrypted stays as it is. KeyTroubleError otherwise."""
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        nonce, data = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            key = self._ring.key(key_id.decode("ascii", "replace"))
            plain = AESGCM(key).decrypt(nonce, data, _proven(payload.metadata))
        except (InvalidTag, ValueError):
            raise KeyTroubleError("A payload was encrypted with another key, or was altered.") from None
        return Payload.FromString(plain)

    def opened(self, payload: Payload) -> tuple[Payload, str] | None:
        """The payload in clear and its workflow's id, empty when it names none; None when it is not ours to open."""
        if payload.metadata.get("encoding") != ENCODING:
            return None
        try:
            return self._decoded(payload), payload.metadata.get(WORKFLOW, b"").decode("utf-8", "replace")
        except KeyTroubleError:
            return None


def _proven(metadata: Mapping[str, bytes]) -> bytes:
    """What stands beside the data and cannot be altered without being noticed."""
    key_id, workflow = metadata.get("encryption-key-id", b""), metadata.get(WORKFLOW, b"")
    return key_id + b"\0" + workflow if workflow else key_id


def data_converter(keys: KeyRing | bytes) -> DataConverter:
    """Pydantic models in, encrypted payloads out; `keys` may be one key.

    Failure messages stay readable on purpose: they are codes and fixed sentences (`activities/edge.py`), and IT must
    be able to read them in the Temporal UI.
    """
    ring = keys if isinstance(keys, KeyRing) else KeyRing([keys])
    return dataclasses.replace(pydantic_data_converter, payload_codec=AesGcmCodec(ring))
