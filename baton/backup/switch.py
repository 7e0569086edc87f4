"""Putting a restored store in the place of the old one: prepared beside it, then moved by name, to the end.

A switch that was killed in between is carried to its end by whoever uses the folder next.
"""

import json
import shutil
from pathlib import Path

from baton.backup.manifest import synced
from baton.data_folder import DataFolder, write_private

PARTS = ("postgres", "postgres.place", "temporal", "evidence")
"""What a data folder keeps of the store; `postgres.place` where the cluster lies elsewhere."""
STAGING = "restoring"
MARK = "switch.json"


def staging(data: DataFolder) -> DataFolder:
    """Where a store is prepared; nothing reads it before `begin`."""
    return DataFolder(data.path / STAGING)


def occupied(data: DataFolder) -> bool:
    """Whether the folder holds a store already."""
    kept = (data.path / "postgres", data.path / "postgres.place", data.path / "temporal" / "temporal.db")
    return any(one.exists() for one in kept) or any((data.path / "evidence").glob("*"))


def begin(data: DataFolder, aside: str, *, cluster: bool = True) -> None:
    """From here on the prepared store is the one that counts; the old one goes to the folder `aside`.

    Without `cluster` the records have another goal, and what they were prepared in goes at the end.
    """
    parts = PARTS if cluster else [name for name in PARTS if not name.startswith("postgres")]
    fresh = [name for name in parts if (staging(data).path / name).exists()]
    write_private(staging(data).path / MARK, json.dumps({"fresh": fresh, "aside": aside}))
    synced(staging(data).path)


def finish(data: DataFolder) -> None:
    """Move what is not moved yet; nothing where no switch has begun."""
    prepared = staging(data).path
    try:
        plan = json.loads((prepared / MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    aside = data.path / plan["aside"]
    for name in PARTS:
        old, new, before = data.path / name, prepared / name, aside / name
        wanted = name in plan["fresh"]
        if wanted and not new.exists():
            continue  # it stands in its place already
        if old.is_dir() and not any(old.iterdir()):
            old.rmdir()
        elif old.exists() and not before.exists():
            aside.mkdir(mode=0o755, exist_ok=True)
            old.rename(before)
        if wanted:
            new.rename(old)
    synced(data.path)
    discard(data)


def discard(data: DataFolder) -> None:
    """Remove what was prepared and never switched to, its cluster elsewhere too."""
    prepared = staging(data).path
    place = prepared / "postgres.place"
    if place.exists():
        shutil.rmtree(Path(place.read_text(encoding="utf-8").strip()), ignore_errors=True)
    shutil.rmtree(prepared, ignore_errors=True)
