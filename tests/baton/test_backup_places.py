"""A backup in an object store: sent, read back, fetched and restored; what is not whole there is refused."""

import asyncio
import dataclasses
import re
from pathlib import Path

import obstore
import pytest
from obstore.store import from_url
from typer.testing import CliRunner, Result

from baton.backup import evidence, place
from baton.backup.manifest import NAME, BackupError, read
from baton.cli import app
from baton.postgres import EmbeddedPostgres
from records.evidence_store import EvidenceStore
from tests.baton.test_backup import folder_with_keys
from tests.support.s3_server import S3Bucket

PIECE = b"a picture" * 1000


@dataclasses.dataclass
class Site:
    """A Baton whose evidence lies in a bucket, and the bucket's other prefixes."""

    bucket: str
    folder: Path
    keys: Path

    def at(self, prefix: str) -> str:
        """An address in the bucket."""
        return f"s3://{self.bucket}/{prefix}"

    def types(self, *words: str) -> Result:
        """A command, as IT types it."""
        return CliRunner().invoke(app, [*words, "--data-dir", str(self.folder)])

    def backup(self, where: str, *more: str) -> Result:
        """Taken to there, with keys apart."""
        self.keys.unlink(missing_ok=True)
        return self.types("backup", where, "--keys-to", str(self.keys), *more)


@pytest.fixture
def site(
    s3_bucket: S3Bucket,
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    """Two pieces of evidence in the bucket."""
    data = folder_with_keys(tmp_path / "data")
    made = Site(s3_bucket.name, data.path, tmp_path / "keys.json")
    surroundings = {
        **s3_bucket.access(),
        "BATON_DATABASE_URL": postgres_server.url_of(migrated_template),
        "BATON_DATA_DIR": str(data.path),
        "BATON_CODEC_KEY_FILE": str(data.path / "keys" / "codec.key"),
        "BATON_EVIDENCE_URL": made.at("evidence"),
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    store = EvidenceStore.at(made.at("evidence"), data.path / "keys" / "evidence.keys")
    for name in ("cases/1/one.png", "cases/2/two.png"):
        asyncio.run(store.put(name, PIECE))
    return made


def test_a_backup_goes_to_a_bucket_and_comes_back(site: Site, tmp_path: Path) -> None:
    """Its files are those that were read back, and the evidence of the bucket is among them."""
    done = site.backup(site.at("backups/1"))
    place.fetch(site.at("backups/1"), tmp_path / "fetched")

    assert done.exit_code == 0, done.output
    assert f"{site.at('backups/1')} holds everything" in done.output
    manifest = read(tmp_path / "fetched")
    assert manifest.evidence == "here"
    evidence.unpack_to(tmp_path / "fetched" / "evidence.tar", site.at("another"))
    again = EvidenceStore.at(site.at("another"), site.folder / "keys" / "evidence.keys")
    assert asyncio.run(again.get("cases/2/two.png")) == PIECE


def test_evidence_can_be_left_out(site: Site, tmp_path: Path) -> None:
    """Where the bucket is copied by its own means; the output says so."""
    done = site.backup(str(tmp_path / "made"), "--without-evidence")

    assert "Evidence is not in it" in done.output
    assert read(tmp_path / "made").evidence == "elsewhere"


def test_a_place_that_is_taken_is_refused(site: Site) -> None:
    """A backup is there, or anything else: nothing is written over, and nothing was made."""
    site.backup(site.at("backups/1"))
    manifest = _bytes(site.at("backups/1"), NAME)

    twice, beside = site.backup(site.at("backups/1")), site.backup(site.at("evidence"))

    assert (twice.exit_code, beside.exit_code) == (1, 1)
    assert "holds a backup already" in twice.output
    assert "is not empty" in beside.output
    assert _bytes(site.at("backups/1"), NAME) == manifest


def test_of_two_backups_to_one_place_the_first_stays_whole(site: Site, tmp_path: Path) -> None:
    """Both saw an empty place; whoever sends second is refused before a file of the first is written over."""
    url, folders = site.at("backups/1"), [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders):
        site.backup(str(folder))
        store = EvidenceStore.at(site.at("evidence"), site.folder / "keys" / "evidence.keys")
        asyncio.run(store.put(f"cases/3/{number}.png", PIECE))
    first, second = (read(folder) for folder in folders)
    assert first.files != second.files

    place.send(folders[0], first, url)
    with pytest.raises(BackupError, match="Another backup was begun at"):
        place.send(folders[1], second, url)

    place.fetch(url, tmp_path / "fetched")
    assert read(tmp_path / "fetched") == first


def test_what_a_refused_address_holds_is_not_told(site: Site) -> None:
    """Credentials do not belong on the command line; what is no address is told in one line."""
    told = site.backup("s3://key:secret@bucket/backups"), site.backup("s4://bucket/backups")

    assert [one.exit_code for one in told] == [1, 1]
    assert "secret" not in told[0].output
    assert "by the variables of the store's provider" in told[0].output
    assert len(told[1].output.splitlines()) == 1, told[1].output


def test_what_is_not_whole_there_is_refused(site: Site) -> None:
    """Cut off before its end, or altered: one sentence, and nothing is restored."""
    site.backup(site.at("backups/1"))
    store = from_url(site.at("backups/1"))
    obstore.put(store, "records.dump", b"another dump")
    altered = site.types("restore", site.at("backups/1"), "--keys", str(site.keys))
    obstore.delete(store, NAME)
    cut_off = site.types("restore", site.at("backups/1"), "--keys", str(site.keys))

    assert (altered.exit_code, cut_off.exit_code) == (1, 1)
    assert re.search(r"records\.dump has 12 bytes and not \d+", altered.output)
    assert "or was cut off before its end" in cut_off.output


def test_a_bucket_that_is_not_there_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the backup, for what is restored, and for the evidence: no backup that looks whole comes of it."""
    mistyped = "s3://mistyped/backups"
    to, of = site.backup(mistyped), site.types("restore", mistyped)
    monkeypatch.setenv("BATON_EVIDENCE_URL", "s3://mistyped/evidence")
    without = site.backup(site.at("backups/2"))

    assert [one.exit_code for one in (to, of, without)] == [1, 1, 1]
    assert all("is there such a bucket" in one.output for one in (to, of))
    assert "The evidence store does not answer" in without.output
    with pytest.raises(BackupError, match="cut off before its end"), place.here(site.at("backups/2")):
        pass


def _bytes(url: str, name: str) -> bytes:
    return bytes(obstore.get(from_url(url), name).bytes())
