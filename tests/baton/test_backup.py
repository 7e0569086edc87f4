"""A backup that is not whole, not ours or cannot be opened is refused with one sentence, and nothing is touched."""

import asyncio
import base64
import dataclasses
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from baton.backup import evidence, keys, manifest, switch
from baton.backup.manifest import BackupError
from baton.backup.restore import Restored, Wanted, restore
from baton.backup.take import take
from baton.data_folder import DataFolder
from baton.payload_keys import KeyRing
from baton.postgres import EmbeddedPostgres
from core.settings import Settings
from records.evidence_store import EvidenceStore

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def settings_of(data: Path, url: str = "postgresql://nobody@127.0.0.1:1/none") -> Settings:
    """A Baton on that folder."""
    return Settings(database_url=url, data_dir=data, codec_key_file=data / "keys" / "codec.key")


def folder_with_keys(path: Path) -> DataFolder:
    """A data folder with a payload key of its own."""
    data = DataFolder(path)
    data.create()
    data.codec_key()
    return data


@pytest.fixture(scope="module")
def made(
    postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """A backup of a small store whose Temporal is being written to, and the file with its keys."""
    room = tmp_path_factory.mktemp("backup")
    data = folder_with_keys(room / "data")
    asyncio.run(EvidenceStore.local(data.path / "evidence").put("cases/1/picture.png", b"a picture"))
    open_one = sqlite3.connect(data.path / "temporal" / "temporal.db")
    open_one.executescript("PRAGMA journal_mode=WAL; CREATE TABLE runs (id); INSERT INTO runs VALUES (1);")
    open_one.execute("INSERT INTO runs VALUES (2)")  # not committed, and so in no copy
    chosen = settings_of(data.path, postgres_server.url_of(migrated_template))
    asyncio.run(take(chosen, room / "made", room / "keys.json"))
    yield room / "made", room / "keys.json"
    open_one.close()


@pytest.fixture
def backup(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(made[0], tmp_path / "backup"))


def wanted(backup: Path, key_file: Path | None, **more: Any) -> Wanted:
    """To be restored plainly."""
    plain = Wanted(backup, key_file, over=False, reason="", without_temporal=False, by="test")
    return dataclasses.replace(plain, **more)


def refused(data: Path, asked: Wanted) -> str:
    """With which sentence a restore is refused."""
    with pytest.raises(BackupError) as trouble:
        asyncio.run(restore(settings_of(data), DataFolder(data), asked, NOW))
    return str(trouble.value)


async def test_of_two_backups_into_one_folder_one_is_made(
    made: tuple[Path, Path], postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path: Path
) -> None:
    """At once: the other is refused with a sentence, and spoils nothing."""
    chosen = settings_of(made[0].parent / "data", postgres_server.url_of(migrated_template))

    ends = await asyncio.gather(*(take(chosen, tmp_path / "one", None) for _ in range(2)), return_exceptions=True)

    (refused_,) = [end for end in ends if isinstance(end, BackupError)]
    assert "exists; name a folder that is not there yet" in str(refused_)
    assert manifest.read(tmp_path / "one") in ends


async def test_of_two_restores_into_one_folder_one_is_made(made: tuple[Path, Path], tmp_path: Path) -> None:
    """At once: the other is refused with a sentence, and what stands is whole."""
    data = tmp_path / "data"
    plainly = wanted(*made, without_temporal=True)

    ends = await asyncio.gather(
        *(restore(settings_of(data), DataFolder(data), plainly, NOW) for _ in range(2)), return_exceptions=True
    )

    (other,) = [end for end in ends if isinstance(end, BaseException)]
    assert f"{data} (process {os.getpid()})" in str(other)
    assert [end.manifest.rows for end in ends if isinstance(end, Restored)] == [manifest.read(made[0]).rows]
    assert (data / "evidence" / "cases" / "1" / "picture.png").exists()


def cut(backup: Path) -> None:
    """The last bytes of the dump are missing."""
    whole = (backup / "records.dump").read_bytes()
    (backup / "records.dump").write_bytes(whole[:-10])


def flipped(backup: Path) -> None:
    """One byte of the dump is another."""
    whole = bytearray((backup / "records.dump").read_bytes())
    whole[-20] ^= 1
    (backup / "records.dump").write_bytes(whole)


def said(**changed: object) -> Callable[[Path], None]:
    """The manifest says something else."""

    def spoil(backup: Path) -> None:
        file = backup / "manifest.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))

    return spoil


SPOILT: dict[str, Callable[[Path], object]] = {
    "the backup was cut off or altered": cut,
    "records.dump was altered": flipped,
    "evidence.tar is missing": lambda backup: (backup / "evidence.tar").unlink(),
    "was cut off before its end": lambda backup: (backup / "manifest.json").unlink(),
    "or was cut off.": lambda backup: (backup / "manifest.json").write_text('{"format": "bat'),
    "manifest.json was altered after": said(rows={"cases": 7}),
    "it is not as": said(more=1),
    "is no part of a backup": said(files={"../x": {"size": 1, "sha256": ""}}),
    "is no backup of Baton": said(format="another program's"),
    "is of another version (baton backup 2)": said(format="baton backup 2"),
    "or a later one, and restore with that": said(revision="9999"),
    "is of PostgreSQL 99": said(postgres=99),
    "with --without-temporal": said(temporal="temporal version 0.1"),
}


@pytest.mark.parametrize("sentence", SPOILT)
def test_a_spoilt_backup_is_refused(made: tuple[Path, Path], backup: Path, tmp_path: Path, sentence: str) -> None:
    """Cut off, altered, foreign, newer: one sentence, and no data folder comes of it."""
    SPOILT[sentence](backup)

    assert sentence in refused(tmp_path / "data", wanted(backup, made[1]))
    assert not (tmp_path / "data").exists()


@pytest.mark.failure_mode("F47")
def test_without_its_keys_nothing_is_restored(made: tuple[Path, Path], backup: Path, tmp_path: Path) -> None:
    """F47: no key, and other keys: the sentence names the key that is missing, and what is there stays as it is."""
    needed = json.loads((backup / "manifest.json").read_text())
    other = folder_with_keys(tmp_path / "other")
    before = sorted(other.path.rglob("*"))

    none, wrong = (refused(path, wanted(backup, None)) for path in (tmp_path / "data", other.path))

    assert needed["sealed_by"] in none
    assert needed["evidence_keys"][0] in wrong or needed["sealed_by"] in wrong
    assert not (tmp_path / "data").exists()
    assert sorted(other.path.rglob("*")) == before


@pytest.mark.failure_mode("F47")
def test_a_missing_evidence_key_is_named(made: tuple[Path, Path], backup: Path, tmp_path: Path) -> None:
    """F47: with the payload key alone the evidence would be unreadable, so nothing is restored."""
    told = json.loads(made[1].read_text())
    part = tmp_path / "part.json"
    part.write_text(json.dumps({**told, "evidence": []}))

    needed = json.loads((backup / "manifest.json").read_text())["evidence_keys"]
    assert f"The evidence key {needed[0]}" in refused(tmp_path / "data", wanted(backup, part))


def test_no_key_is_in_a_backup(made: tuple[Path, Path]) -> None:
    """Keys go to their own file, for its owner alone, and never into the backup's folder."""
    told = json.loads(made[1].read_text())
    secrets = [text.encode() for text in told["payload"] + told["evidence"]]
    secrets += [base64.b64decode(text) for text in secrets]

    assert made[1].stat().st_mode & 0o077 == 0
    assert len(secrets) == 4
    assert not any(secret in file.read_bytes() for file in made[0].iterdir() for secret in secrets)


def test_what_is_there_is_not_replaced_unasked(made: tuple[Path, Path], backup: Path, tmp_path: Path) -> None:
    """An occupied folder is refused, and with --over it wants a reason."""
    data = folder_with_keys(tmp_path / "data")
    (data.path / "temporal" / "temporal.db").write_text("old")

    plain = refused(data.path, wanted(backup, made[1]))
    unreasoned = refused(data.path, wanted(backup, made[1], over=True, reason=" "))

    assert "holds a Baton's data already" in plain
    assert "needs a --reason" in unreasoned
    assert (data.path / "temporal" / "temporal.db").read_text() == "old"


def test_a_dump_that_cannot_be_loaded_changes_nothing(made: tuple[Path, Path], backup: Path, tmp_path: Path) -> None:
    """Sealed and whole, but PostgreSQL cannot load it: the old store stays, and nothing lies beside it."""
    data = folder_with_keys(tmp_path / "data")
    (data.path / "temporal" / "temporal.db").write_text("old")
    whole = (backup / "records.dump").read_bytes()
    (backup / "records.dump").write_bytes(whole[: len(whole) // 2])
    said_so = manifest.Manifest.model_validate_json((backup / "manifest.json").read_text())
    files = {**said_so.files, "records.dump": manifest.kept(backup / "records.dump")}
    ring = KeyRing(list(keys.read(made[1]).payload))
    said_so.model_copy(update={"files": files}).sealed(ring).write(backup)

    assert "pg_restore failed" in refused(data.path, wanted(backup, made[1], over=True, reason="a try"))
    assert (data.path / "temporal" / "temporal.db").read_text() == "old"
    assert not (data.path / "restoring").exists()


@pytest.mark.parametrize("steps", range(6))
def test_a_switch_that_is_killed_is_carried_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """After however many moves it dies: the next use of the folder ends it, with all of the new and all of the old."""
    data = DataFolder(tmp_path)
    for place, age in ((tmp_path, "old"), (tmp_path / "restoring", "new")):
        for name in ("postgres", "temporal", "evidence"):
            (place / name).mkdir(parents=True)
            (place / name / "file").write_text(age)
    switch.begin(data, "before")
    real, moved = Path.rename, iter(range(steps))

    def rename(self: Path, target: Path) -> Path:
        if next(moved, None) is None:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            switch.finish(data)
    switch.finish(data)
    switch.finish(data)

    for name in ("postgres", "temporal", "evidence"):
        assert (tmp_path / name / "file").read_text() == "new"
        assert (tmp_path / "before" / name / "file").read_text() == "old"
    assert not (tmp_path / "restoring").exists()


def test_a_copy_of_temporal_holds_what_was_committed(made: tuple[Path, Path]) -> None:
    """While somebody writes, the copy is of one moment, in one file."""
    with sqlite3.connect(made[0] / "temporal.sqlite") as copied:
        assert copied.execute("SELECT id FROM runs").fetchall() == [(1,)]


def test_evidence_comes_back_as_it_was(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Unpacked elsewhere, with the keys from their own file, it opens."""
    evidence.unpack(made[0] / "evidence.tar", tmp_path / "evidence")
    keys.install(keys.read(made[1]), tmp_path / "codec.key", tmp_path / "evidence.keys")
    store = EvidenceStore.local(tmp_path / "evidence", tmp_path / "evidence.keys")

    assert asyncio.run(store.get("cases/1/picture.png")) == b"a picture"


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """PostgreSQL does not answer: there is no folder that could be taken for a backup."""
    data = folder_with_keys(tmp_path / "data")

    with pytest.raises(Exception, match="connection"):
        asyncio.run(take(settings_of(data.path), tmp_path / "backup", None))

    assert not (tmp_path / "backup").exists()


def test_keys_and_backup_lie_apart(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Keys inside the backup, keys over a file, a backup into a folder that is there: each is refused."""
    data, target = folder_with_keys(tmp_path / "data"), tmp_path / "backup"
    asked = [(target, target / "keys.json"), (target, made[1]), (made[0], None), (tmp_path, None)]

    words = []
    for folder, keys_to in asked:
        with pytest.raises(BackupError) as trouble:
            asyncio.run(take(settings_of(data.path), folder, keys_to))
        words.append(str(trouble.value))

    assert "apart from the backup" in words[0]
    assert "not written over anything" in words[1]
    assert "holds a backup already" in words[2]
    assert "not there yet" in words[3]
    assert [each.name for each in tmp_path.iterdir()] == ["data"]
