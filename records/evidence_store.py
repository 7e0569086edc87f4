"""Where evidence lies: an object store, one create-only object for each thing a run left behind."""

import hashlib
from pathlib import Path
from typing import Any

from obstore import get_async, put_async
from obstore.store import LocalStore, ObjectStore
from sqlmodel.ext.asyncio.session import AsyncSession

from records.trail import Evidence


class EvidenceStore:
    """Puts and gets evidence; a path is written once and never again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def local(cls, folder: Path) -> "EvidenceStore":
        """A store in a folder of this machine, made for its owner alone when it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(folder))

    async def put(self, path: str, data: bytes) -> None:
        """Keep `data`; obstore's AlreadyExistsError when the path is taken."""
        await put_async(self._store, path, data, mode="create")

    async def get(self, path: str) -> bytes:
        """What lies under `path`; FileNotFoundError when nothing does."""
        found = await get_async(self._store, path)
        return bytes(await found.bytes_async())


def reference(path: str, data: bytes, **columns: Any) -> Evidence:
    """The row that refers to a piece of evidence; `columns` are the further ones of `Evidence`."""
    return Evidence(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), **columns)


async def keep(session: AsyncSession, *references: Evidence) -> None:
    """Keep the references; the bytes are in the store already."""
    session.add_all(references)
    await session.flush()
