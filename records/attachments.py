"""Files that somebody outside sent: personal evidence of their case, known by what they are, not by their name."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from obstore.exceptions import AlreadyExistsError, BaseError
from pydantic import BaseModel, ConfigDict

from records import photos
from records.evidence_store import marker, reference, why_dropped
from records.trail import Evidence

_KINDS = ((photos.JPEG, "photo-jpeg"), (photos.PNG, "photo-png"))
"""What a browser may show; anything else is only ever taken along as a file."""
ENDINGS = {"photo-jpeg": "jpg", "photo-png": "png", "mail": "eml", "attachment": "bin"}


class Store(Protocol):
    """Whatever keeps bytes under a path, once."""

    async def put(self, path: str, data: bytes) -> None:
        """Keep `data`; obstore's AlreadyExistsError when the path is taken."""
        ...


class StoreAway(Exception):
    """The evidence store does not answer: what was to be kept must come again."""


class NewFile(BaseModel):
    """A file to keep: its name made harmless, and its bytes."""

    model_config = ConfigDict(frozen=True)

    name: str
    data: bytes


class Origin(BaseModel):
    """Where a file came from: the folder in the store, how it was taken (mail, answer), its case if it is known."""

    model_config = ConfigDict(frozen=True)

    folder: str
    taken: str
    case_id: uuid.UUID | None
    at: datetime


def kind_of(data: bytes) -> str:
    """What a file is, by its first bytes."""
    return next((kind for start, kind in _KINDS if data.startswith(start)), "attachment")


async def put(store: Store, origin: Origin, data: bytes, kind: str) -> Evidence:
    """Put bytes into the store; the row that refers to them, for the caller's transaction. Done again it is the same.

    A full store leaves a row that says so. Raises StoreAway when the store does not answer.
    """
    path = f"{origin.folder}/{hashlib.sha256(data).hexdigest()[:32]}.{ENDINGS[kind]}"
    columns = {"case_id": origin.case_id, "kind": kind, "taken": origin.taken, "at": origin.at}
    try:
        await store.put(path, data)
    except AlreadyExistsError:
        return reference(path, data, **columns)
    except (BaseError, OSError) as error:
        if why_dropped(error) == "no_room":
            return marker(path, "no_room", **columns)
        raise StoreAway from None
    return reference(path, data, **columns)


async def put_all(store: Store, origin: Origin, files: Sequence[NewFile]) -> list[Evidence]:
    """Put each file into the store, photos without what their camera wrote beside them; rows in the same order."""
    return [await put(store, origin, photos.bare(file.data), kind_of(file.data)) for file in files]


def listed(files: Sequence[NewFile], rows: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The files as a mail or an event names them."""
    return [
        {"name": file.name, "kind": row.kind, "id": str(row.id), "size": row.size or len(file.data)}
        for file, row in zip(files, rows, strict=True)
    ]
