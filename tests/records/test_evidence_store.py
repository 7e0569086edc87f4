"""Evidence where it lies: encrypted, written once, and given out only as it was kept."""

import base64
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.exceptions import AlreadyExistsError, BaseError

from records import evidence_store
from records.evidence_cipher import Cipher, EvidenceUnreadable
from records.evidence_store import EvidenceStore, NoStoreError
from tests.support.bucket import a_bucket
from tests.support.s3_server import S3Bucket

PICTURE = b"a picture with a canary in it" * 50


@pytest.fixture(params=["folder", "file", "memory", "stand-in", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EvidenceStore]:
    """A store of every kind that an address can name."""
    keys = tmp_path / "keys" / "evidence.keys"
    if request.param == "folder":
        yield EvidenceStore.local(tmp_path / "evidence", keys)
    elif request.param == "stand-in":
        async with a_bucket() as bucket:
            _access(monkeypatch, bucket.address)
            yield EvidenceStore.at("s3://evidence/baton", keys)
    elif request.param == "s3":
        yield _in_bucket(request.getfixturevalue("s3_bucket"), monkeypatch, keys)
    else:
        (tmp_path / "elsewhere").mkdir()
        yield EvidenceStore.at("memory:///" if request.param == "memory" else f"file://{tmp_path}/elsewhere", keys)


def _access(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    told = {"ENDPOINT": address, "ALLOW_HTTP": "true", "REGION": "eu-north-1"}
    for name, value in {**told, "ACCESS_KEY_ID": "baton", "SECRET_ACCESS_KEY": "canary"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


def _in_bucket(bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch, keys: Path, **access: str) -> EvidenceStore:
    for name, value in bucket.access(**access).items():
        monkeypatch.setenv(name, value)
    return EvidenceStore.at(f"s3://{bucket.name}/baton", keys)


async def test_every_store_keeps_once_and_removes(store: EvidenceStore) -> None:
    """What is put comes back; the path is taken then; removed it is gone, and to remove it again is nothing."""
    await store.put("case/2/another.png", PICTURE, "public")
    await store.put("case/1/screen.png", PICTURE, "public")
    with pytest.raises(AlreadyExistsError):
        await store.put("case/1/screen.png", b"another", "public")
    kept = await store.get("case/1/screen.png")
    await store.remove("case/1/screen.png")
    await store.remove("case/1/screen.png")

    assert kept == PICTURE
    with pytest.raises(FileNotFoundError):
        await store.get("case/1/screen.png")


async def test_an_empty_store_is_not_taken_for_one_that_lost_a_piece(store: EvidenceStore) -> None:
    """As with a mistyped prefix or a volume that is not mounted: what it says of a piece does not count."""
    assert not await store.holds_anything()
    with pytest.raises(NoStoreError, match="holds nothing at all"):
        await store.get("case/1/screen.png")

    await store.put("case/2/another.png", PICTURE, "public")

    assert await store.holds_anything()


async def test_a_bucket_that_is_not_there_is_away(
    s3_bucket: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped name: nothing is said to be gone, removed or kept, and the pieces of the right bucket stay."""
    right = _in_bucket(s3_bucket, monkeypatch, tmp_path / "evidence.keys")
    await right.put("screen.png", PICTURE, "public")
    mistyped = _in_bucket(replace(s3_bucket, name="mistyped"), monkeypatch, tmp_path / "evidence.keys")

    for asked in (
        mistyped.get("screen.png"),
        mistyped.remove("screen.png"),
        mistyped.holds_anything(),
        mistyped.put("screen.png", PICTURE, "public"),
    ):
        with pytest.raises((BaseError, NoStoreError)) as refused:
            await asked
        assert evidence_store.why_dropped(refused.value) == "store_away"
    assert await right.get("screen.png") == PICTURE


async def test_nothing_readable_lies_on_the_disk(tmp_path: Path) -> None:
    """F67: no byte run of the evidence is in the folder, and the key that opens it is for its owner alone."""
    store = EvidenceStore.local(tmp_path / "evidence")

    await store.put("screen.png", PICTURE, "public")

    assert b"canary" not in (tmp_path / "evidence" / "screen.png").read_bytes()
    assert stat.S_IMODE((tmp_path / evidence_store.KEYS).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700


async def test_nothing_readable_lies_in_a_bucket(
    s3_bucket: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F67: whoever runs the S3 server finds no byte run of the evidence on its disks, though all of it lies there."""
    store = _in_bucket(s3_bucket, monkeypatch, tmp_path / "evidence.keys")
    before = set(s3_bucket.disk.rglob("*.data"))

    await store.put("screen.png", PICTURE, "public")
    kept = [file.read_bytes() for file in s3_bucket.disk.rglob("*.data") if file not in before]

    assert len(kept) == 1
    assert b"canary" not in kept[0]
    assert await store.get("screen.png") == PICTURE


async def test_a_bucket_that_refuses_our_key_is_away(
    s3_bucket: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong secret is refused by the server, and what was to be kept is told to be dropped, not to be kept."""
    store = _in_bucket(s3_bucket, monkeypatch, tmp_path / "evidence.keys", secret="another")

    with pytest.raises(BaseError) as refused:
        await store.put("screen.png", PICTURE, "public")

    assert "SignatureDoesNotMatch" in str(refused.value)
    assert evidence_store.why_dropped(refused.value) == "store_away"


async def test_what_was_changed_moved_or_replaced_is_refused(tmp_path: Path) -> None:
    """One flipped bit, an object moved to another path, and a plain file in its place: each is refused in words."""
    store, folder = EvidenceStore.local(tmp_path / "evidence"), tmp_path / "evidence"
    for name in ("flipped", "moved", "plain"):
        await store.put(name, PICTURE, "public")
    sealed = bytearray((folder / "flipped").read_bytes())
    sealed[-1] ^= 1

    (folder / "flipped").write_bytes(sealed)
    (folder / "moved").rename(folder / "elsewhere")
    (folder / "plain").write_bytes(PICTURE)

    for name in ("flipped", "elsewhere", "plain"):
        with pytest.raises(EvidenceUnreadable, match="not what was kept"):
            await store.get(name)


async def test_an_object_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Whoever holds the key still cannot put something else in its place: its hash stands in the row."""
    store = EvidenceStore.local(tmp_path / "evidence")
    kept = evidence_store.reference("screen.png", PICTURE, kind="screenshot", taken="trouble")

    await store.put("screen.png", b"a forged picture", "public")

    with pytest.raises(EvidenceUnreadable, match="hash"):
        await evidence_store.read(store, kept)


async def test_old_keys_open_and_new_ones_seal(tmp_path: Path) -> None:
    """A second line in the key file: what was sealed before opens, and with the new key alone it does not."""
    keys = tmp_path / "evidence.keys"
    before = Cipher.of(keys).seal("a", PICTURE, "personal")
    first = keys.read_text()
    keys.write_text(first + base64.b64encode(os.urandom(32)).decode() + "\n")

    after = Cipher.of(keys).seal("a", PICTURE, "personal")
    keys.write_text(keys.read_text().splitlines()[1])

    assert before[:12] != after[:12]
    assert Cipher.of(keys).open("a", after) == PICTURE
    with pytest.raises(EvidenceUnreadable, match="key that is not on this machine"):
        Cipher.of(keys).open("a", before)


def test_classes_are_sealed_apart(tmp_path: Path) -> None:
    """What is personal is under another key: its bytes do not open as something public."""
    cipher = Cipher.of(tmp_path / "evidence.keys")
    sealed = bytearray(cipher.seal("a", PICTURE, "personal"))

    sealed[12:13] = b"o"

    with pytest.raises(EvidenceUnreadable):
        cipher.open("a", bytes(sealed))


@pytest.mark.parametrize("text", ["", "no base64!", "c2hvcnQ="])
def test_a_key_file_that_holds_no_keys_stops_the_start(tmp_path: Path, text: str) -> None:
    """An empty, a garbled and a short key: a sentence that names the file, before anything is kept."""
    (tmp_path / "evidence.keys").write_text(text)

    with pytest.raises(SystemExit, match=r"evidence\.keys"):
        Cipher.of(tmp_path / "evidence.keys")


def test_an_address_that_names_no_store_stops_the_start(tmp_path: Path) -> None:
    """A scheme that nobody knows is said at the start."""
    with pytest.raises(SystemExit, match="BATON_EVIDENCE_URL"):
        EvidenceStore.at("gopher://evidence", tmp_path / "evidence.keys")


async def test_a_full_bucket_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F50: a bucket's refusal for lack of room is told apart from a store that is away."""
    async with a_bucket() as bucket:
        bucket.full = True
        _access(monkeypatch, bucket.address)
        store = EvidenceStore.at("s3://evidence", tmp_path / "evidence.keys")
        with pytest.raises(BaseError) as refused:
            await store.put("screen.png", PICTURE, "public")

    assert evidence_store.why_dropped(refused.value) == "no_room"
    assert evidence_store.why_dropped(OSError("unreachable")) == "store_away"
