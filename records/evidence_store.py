"""Where evidence lies: an object store, one create-only and encrypted object for each thing a run left behind."""

import asyncio
import errno
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from obstore import delete_async, get_async, head_async, put_async
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import evidence_folder, screen_snapshots
from records.evidence_cipher import Cipher, EvidenceUnreadable
from records.trail import Evidence

KEYS = Path("keys") / "evidence.keys"
"""Where the keys lie in a data folder, unless a setting says otherwise."""
EMPTY = (
    "The evidence store holds nothing at all, though evidence was kept: is it another one, or its volume not mounted?"
)
STRANGE = (
    "The evidence store holds other things, and none of the last pieces that were kept: is it that of another Baton?"
)
CLASSES = ("public", "personal")
LAST = 3
"""Pieces of each class, the newest; one of them is there in the right store, whoever removed what."""
_PATIENCE = timedelta(seconds=3)
"""A bucket that is away must not hold up an entry: what it does not take in time is dropped."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_WORDS = ("No space left", "Disk quota exceeded", "File too large", "QuotaExceeded", "XMinioStorageFull")


class NoStoreError(ConnectionError):
    """What answers is not the store that evidence was kept in: nothing it says of a piece counts."""


class EvidenceStore:
    """Puts and gets evidence; a path is written once and never again."""

    def __init__(self, store: ObjectStore, cipher: Cipher) -> None:
        self._store = store
        self._cipher = cipher

    @classmethod
    def local(cls, folder: Path, keys: Path | None = None) -> "EvidenceStore":
        """A store in a folder of this machine, made for its owner alone when it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(folder), Cipher.of(keys or folder.parent / KEYS))

    @classmethod
    def at(cls, url: str, keys: Path) -> "EvidenceStore":
        """A store by its address: s3://bucket/prefix, file:///folder and what else obstore knows. SystemExit if none.

        Access to a bucket is told by the variables of its provider (AWS_ACCESS_KEY_ID, AWS_ENDPOINT and so on).
        """
        try:
            return cls(from_url(url, retry_config={"max_retries": 2, "retry_timeout": _PATIENCE}), Cipher.of(keys))
        except (BaseError, ValueError) as error:
            raise SystemExit(f"BATON_EVIDENCE_URL names no store that can be used: {error}") from None

    async def put(self, path: str, data: bytes, data_class: str = "personal") -> None:
        """Keep `data`; obstore's AlreadyExistsError when the path is taken."""
        sealed, store = self._cipher.seal(path, data, data_class), self._store
        try:
            if isinstance(store, LocalStore) and store.prefix is not None:
                await asyncio.to_thread(evidence_folder.put, Path(store.prefix), path, sealed)
            else:
                await put_async(store, path, sealed, mode="create")
        except FileNotFoundError as missing:
            raise NoStoreError("There is no such bucket or folder.") from missing

    async def get(self, path: str) -> bytes:
        """What lies under `path`; FileNotFoundError when nothing does, EvidenceUnreadable when it was changed.

        NoStoreError when it would not be there in any case: see `holds_anything`.
        """
        try:
            found = await get_async(self._store, path)
        except FileNotFoundError:
            if not await self.holds_anything():
                raise NoStoreError(EMPTY) from None
            raise
        return self._cipher.open(path, bytes(await found.bytes_async()))

    async def remove(self, path: str) -> None:
        """Remove what lies under `path`; nothing there is as good: ask `holds_anything` before a round of these."""
        try:
            await delete_async(self._store, path)
        except FileNotFoundError:
            await self.holds_anything()  # a bucket that is not there says so here

    async def holds_anything(self) -> bool:
        """Whether the store answers and holds a single piece; BaseError when it does not answer.

        A mistyped bucket or prefix, and a volume that is not mounted, look like a store without the piece that is
        asked for. What tells them apart: they hold nothing at all.
        """
        async for some in self._store.list(chunk_size=1):
            return bool(some)
        return False

    async def holds_one_of(self, paths: Iterable[str]) -> bool:
        """Whether one of these pieces is there; BaseError when it does not answer."""
        for path in paths:
            try:
                await head_async(self._store, path)
            except FileNotFoundError:
                continue
            return True
        return False


class Bytes(Protocol):
    """Whatever gives the bytes of evidence."""

    async def get(self, path: str) -> bytes:
        """The bytes under `path`; FileNotFoundError when they are gone, EvidenceUnreadable when they were changed."""
        ...


async def read(store: Bytes, kept: Evidence) -> bytes:
    """The bytes of `kept`, and no others: their hash stands in the row. Raises as `get` does."""
    data = await store.get(kept.path)
    if hashlib.sha256(data).hexdigest() != kept.sha256:
        raise EvidenceUnreadable("This is not what was kept: its hash is another one.")
    return data


def reference(path: str, data: bytes, **columns: Any) -> Evidence:
    """The row that refers to a piece of evidence; `columns` are the further ones of `Evidence`."""
    return Evidence(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), **columns)


def marker(path: str, dropped: str, **columns: Any) -> Evidence:
    """The row that says that there was something to keep and why it could not be: no_room or store_away."""
    return Evidence(path=path, size=0, sha256="", dropped=dropped, **columns)


def why_dropped(error: Exception) -> str:
    """What a store's refusal means to people."""
    full = getattr(error, "errno", None) in _FULL or any(words in str(error) for words in _FULL_WORDS)
    return "no_room" if full else "store_away"


async def why_another(session: AsyncSession, store: EvidenceStore) -> str:
    """Why this cannot be the store that evidence was kept in, as a sentence; empty when it may be.

    BaseError when it does not answer.
    """
    newest: list[str] = []
    for data_class in CLASSES:
        kept = select(Evidence.path).where(
            Evidence.data_class == data_class, col(Evidence.removed_at).is_(None), Evidence.dropped == ""
        )
        newest += await session.exec(kept.order_by(col(Evidence.at).desc()).limit(LAST))
    if await store.holds_one_of(newest):
        return ""
    holds = await store.holds_anything()
    if not newest:
        return ""
    return STRANGE if holds else EMPTY


async def keep(session: AsyncSession, *references: Evidence) -> None:
    """Keep the references; the bytes are in the store already."""
    session.add_all(references)
    await session.flush()


async def outlived(session: AsyncSession, data_class: str, before: datetime, most: int) -> list[Evidence]:
    """What of this class was taken before then and is still kept; the oldest first, `most` at once.

    The picture of a screen as it was good last stays as long as there is no newer one.
    """
    kept = select(Evidence).where(
        col(Evidence.id).not_in(screen_snapshots.newest_pictures()),
        Evidence.data_class == data_class,
        col(Evidence.removed_at).is_(None),
        Evidence.dropped == "",
        Evidence.at < before,
    )
    return list(await session.exec(kept.order_by(col(Evidence.at)).limit(most)))


async def sealed_of(session: AsyncSession, evidence: Evidence) -> Evidence | None:
    """What stands under the masks of a picture or text: both of one moment share it. None when nothing was hidden."""
    same_moment = select(Evidence).where(
        Evidence.kind == "sealed",
        or_(
            Evidence.of == evidence.id,
            (col(Evidence.attempt_id) == evidence.attempt_id) & (col(Evidence.at) == evidence.at),
        ),
    )
    return (await session.exec(same_moment.limit(1))).first()
