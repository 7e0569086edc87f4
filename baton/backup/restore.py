"""Restoring: everything is checked first, a store is prepared beside the old one, and only a whole one takes its place.

The records win over Temporal's copy, which is of an earlier moment, and bots stay held until somebody lets them go.
Records go into the embedded PostgreSQL of a data folder, or into an empty database by address, and an older schema is
brought to this build's before anybody reads it.
"""

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from baton import leftovers
from baton.backup import by_address, database, engine, evidence, gap, keys, manifest, switch
from baton.backup.manifest import EVIDENCE, RECORDS, TEMPORAL, BackupError, Manifest
from baton.data_folder import DataFolder, write_private
from baton.postgres import MAJOR, EmbeddedPostgres
from core.settings import Settings
from records import evidence_store, migrate

LEAST_REASON = 3


@dataclass(frozen=True)
class Wanted:
    """How a backup is to be restored, by whom; `over` what is there, for a reason.

    `into`: the empty database by address that gets the records, else the embedded one of the data folder;
    `evidence_into`: the store by address that gets the evidence, else the data folder.
    """

    backup: Path
    keys: Path | None
    over: bool
    reason: str
    without_temporal: bool
    by: str
    into: str = ""
    evidence_into: str = ""

    @property
    def histories(self) -> bool:
        """Whether Temporal's state is put back: a Temporal by address belongs to a database by address."""
        return not (self.without_temporal or self.into)


@dataclass(frozen=True)
class Restored:
    """What was restored: entries that are open, mails in doubt, runs that begin anew, and where the old store lies.

    `migrated`: the migrations that brought older records to this build's schema.
    """

    manifest: Manifest
    migrated: tuple[str, ...]
    open_items: int
    doubted_mails: int
    ended_runs: int
    aside: Path | None


async def restore(settings: Settings, data: DataFolder, wanted: Wanted, now: datetime) -> Restored:
    """Put a backup in the place of a data folder's store. Raises BackupError; then the folder is as it was."""
    said = await asyncio.to_thread(manifest.read, wanted.backup)
    _check_versions(said, wanted)
    payload_file = (settings.codec_key_file if wanted.into else None) or data.path / "keys" / "codec.key"
    evidence_file = settings.evidence_key_file or data.path / evidence_store.KEYS
    there = keys.at(payload_file, evidence_file)
    brought = keys.read(wanted.keys) if wanted.keys else keys.Keys()
    at_hand = brought.before(there)
    keys.check(said, at_hand)
    if wanted.into:
        await asyncio.to_thread(by_address.check, wanted.into)
    data.path.mkdir(parents=True, exist_ok=True)
    with data.locked():
        await asyncio.to_thread(leftovers.end_of, data.record)
        switch.finish(data)
        was_there = switch.occupied(data)
        _check_free(data, wanted, was_there=was_there)
        aside = f"before-{now:%Y%m%d-%H%M%S}"
        try:
            data.create()
            prepared = await _prepared(data, said, wanted, now)
            os.sync()
            keys.install(at_hand, payload_file, evidence_file)
            switch.begin(data, aside, cluster=not wanted.into)
            if wanted.into:
                await asyncio.to_thread(_put_by_address, data, wanted.into)
        except BaseException:
            switch.discard(data)
            raise
        switch.finish(data)
    return Restored(said, *prepared, data.path / aside if was_there else None)


def _put_by_address(data: DataFolder, into: str) -> None:
    """What was prepared here goes there; once it is committed, that database is the one that counts."""
    fresh = switch.staging(data)
    with EmbeddedPostgres(fresh.path) as server:
        by_address.put(server.url, into, fresh.private("keys"))


async def _prepared(
    data: DataFolder, said: Manifest, wanted: Wanted, now: datetime
) -> tuple[tuple[str, ...], int, int, int]:
    """A whole store beside the old one; its migrations, open entries, mails in doubt, runs that were ended."""
    switch.discard(data)
    fresh = switch.staging(data)
    fresh.path.mkdir(mode=0o755)
    write_private(fresh.private("keys") / "postgres.password", f"{data.postgres_password()}\n")
    async with EmbeddedPostgres(fresh.path) as server:
        await asyncio.to_thread(database.load, server.url, wanted.backup / RECORDS)
        revision, rows = await asyncio.to_thread(database.count, server.url)
        if (revision, rows) != (said.revision, said.rows):
            raise BackupError("The restored records are not those that were counted at the backup; nothing changed.")
        migrated = await asyncio.to_thread(_migrated, server.url, said)
        why = f"restored from backup of {said.taken_at:%Y-%m-%d %H:%M:%S %Z}"
        held = f"{why}, over what was there: {wanted.reason.strip()}" if wanted.over else why
        open_items, doubted = await gap.hold(server.url, wanted.by, held, now)
    ended = 0
    if TEMPORAL in said.files and wanted.histories:
        state = fresh.path / "temporal" / "temporal.db"
        await asyncio.to_thread(shutil.copyfile, wanted.backup / TEMPORAL, state)
        state.chmod(0o600)
        ended = await engine.end_open(state)
    if EVIDENCE in said.files and wanted.evidence_into:
        await asyncio.to_thread(evidence.unpack_to, wanted.backup / EVIDENCE, wanted.evidence_into)
    elif EVIDENCE in said.files:
        await asyncio.to_thread(evidence.unpack, wanted.backup / EVIDENCE, fresh.path / "evidence")
    return migrated, open_items, doubted, ended


def _migrated(url: str, said: Manifest) -> tuple[str, ...]:
    """Bring older records to this build's schema, both halves: no older build works on this store. What was run."""
    if newer := migrate.newer(url):
        raise BackupError(_too_new(said, ", ".join(newer)))
    if not (waiting := migrate.pending(url)):
        return ()
    waiting += migrate.pending_after(url)
    try:
        migrate.upgrade(url, after=True)
    except (migrate.MigrationError, SQLAlchemyError) as fault:
        kind = type(fault.orig).__name__ if isinstance(fault, DBAPIError) else type(fault).__name__
        raise BackupError(
            f"The records of Baton {said.baton} could not be brought to this build's schema ({kind}): restore them "
            "with that build, and see what `baton upgrade --check` says."
        ) from None
    return tuple(waiting)


def _too_new(said: Manifest, schema: str) -> str:
    return (
        f"The backup is of a newer Baton ({said.baton}, schema {schema}) than this ({manifest.build()}, schema "
        f"{migrate.head()}), which cannot read it: install {said.baton} or a later one, and restore with that."
    )


def _check_versions(said: Manifest, wanted: Wanted) -> None:
    if not migrate.knows(said.revision):
        raise BackupError(_too_new(said, said.revision))
    if said.postgres > int(MAJOR):
        raise BackupError(f"The backup is of PostgreSQL {said.postgres}, and this Baton brings {MAJOR}.")
    if said.temporal and wanted.histories and said.temporal != (here := engine.version()):
        raise BackupError(
            f"The backup's Temporal is '{said.temporal}', and here is '{here}': install that one, or leave its "
            "histories out with --without-temporal, for everything open begins anew from the records anyway."
        )


def _check_free(data: DataFolder, wanted: Wanted, *, was_there: bool) -> None:
    if was_there and not wanted.over:
        raise BackupError(f"{data.path} holds a Baton's data already: name another --data-dir, or say --over and why.")
    if wanted.over and len(wanted.reason.strip()) < LEAST_REASON:
        raise BackupError("To restore over what is there needs a --reason, of at least 3 characters.")
