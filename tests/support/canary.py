"""Canaries: values that must be nowhere but in the legacy systems and our own records; where to look for them."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlmodel import col, select

from records import evidence_store
from records.database import Database
from records.evidence_store import EvidenceStore
from records.intake import Receipt
from records.trail import Evidence
from records.work_item import Attempt
from tests.support.journey import Journey


def sung(places: Mapping[str, bytes], canaries: Iterable[str]) -> list[tuple[str, str]]:
    """(place, canary) for each that was found; upper and lower case are one."""
    words = [(canary, canary.lower().encode()) for canary in canaries]
    return [(place, canary) for place, found in places.items() for canary, word in words if word in found.lower()]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, as it lies there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def evidence(database: Database, store: EvidenceStore, *kinds: str) -> dict[str, bytes]:
    """What the store gives out of these kinds, opened; of a trace everything that is packed in it."""
    async with database.session() as session:
        rows = list(await session.exec(select(Evidence).where(col(Evidence.kind).in_(kinds))))
    found: dict[str, bytes] = {}
    for row in rows:
        data = await evidence_store.read(store, row)
        found |= unpacked(row.path, data) if row.kind == "trace" else {row.path: data}
    return found


def unpacked(name: str, zipped: bytes) -> dict[str, bytes]:
    """Every file of an archive, by its name."""
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        return {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}


async def said_of_attempts(database: Database) -> dict[str, bytes]:
    """What is kept of every try: its step, its code, its error's text."""
    async with database.session() as session:
        return {
            str(one.id): f"{one.step} {one.code} {one.detail} {one.steps}".encode()
            for one in await session.exec(select(Attempt))
        }


async def held_by_temporal(journey: Journey, receipt: Receipt) -> bytes:
    """Everything that Temporal holds of a case and its items, as bytes."""
    ids = [f"failed-delivery/{receipt.case_number}", *[f"item/{item.id}" for item in await journey.items(receipt)]]
    raw = b""
    for workflow_id in ids:
        handle = journey.client.get_workflow_handle(workflow_id)
        raw += (await handle.describe()).raw_description.SerializeToString()
        raw += b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    return raw
