"""F47: a payload key that is missing, wrong or new: nothing is read without it, nothing starts with a wrong one."""

import asyncio
import base64
import os
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from typer.testing import CliRunner, Result

from baton import payload_keys, wiring
from baton.cli import app
from baton.codec import AesGcmCodec
from baton.payload_keys import KeyRing, KeyTroubleError, rotate
from core.settings import Settings
from tests.support.patience import PATIENCE
from tests.support.servers import Temporal

pytestmark = pytest.mark.failure_mode("F47")
SAID = Payload(data=b"canary: Greta Lindqvist")


def key_file(folder: Path, key: bytes | None = None) -> Path:
    """A file with one key."""
    file = folder / "codec.key"
    file.write_text(base64.b64encode(key or os.urandom(32)).decode() + "\n")
    file.chmod(0o600)
    return file


async def test_a_payload_is_unreadable_and_an_old_key_still_opens_it(tmp_path: Path) -> None:
    """F47: after a rotation the running codec encrypts with the new key and reads what the old one made."""
    file = key_file(tmp_path)
    codec = AesGcmCodec(KeyRing.of(file))
    (old,) = await codec.encode([SAID])

    new_id = rotate(file)
    (new,) = await codec.encode([SAID])

    assert b"Greta" not in old.data + new.data
    assert new.metadata["encryption-key-id"] == new_id.encode() != old.metadata["encryption-key-id"]
    assert await codec.decode([old, new]) == [SAID, SAID]


async def test_a_process_that_has_not_seen_the_new_key_takes_it_up(tmp_path: Path) -> None:
    """F47: one process rotates, another decodes what comes of it without a restart."""
    file = key_file(tmp_path)
    reader = AesGcmCodec(KeyRing.of(file))
    rotate(file)

    (sealed,) = await AesGcmCodec(KeyRing.of(file)).encode([SAID])

    assert await reader.decode([sealed]) == [SAID]


async def test_a_foreign_key_fails_closed(tmp_path: Path) -> None:
    """F47: a payload of another key is a fault, never plain text; a changed payload too."""
    (sealed,) = await AesGcmCodec(KeyRing([os.urandom(32)])).encode([SAID])
    mine = KeyRing([os.urandom(32)])
    (forged,) = await AesGcmCodec(mine).encode([SAID])
    forged.data = forged.data[:-1] + bytes([forged.data[-1] ^ 1])

    for payload in (sealed, forged):
        with pytest.raises(KeyTroubleError):
            await AesGcmCodec(mine).decode([payload])


@pytest.mark.parametrize("content", [None, "", "no base64 !", "c2hvcnQ="])
def test_no_key_is_said_in_one_sentence(tmp_path: Path, content: str | None) -> None:
    """F47: no file, an empty one, no base64 and a short key each have their sentence."""
    file = tmp_path / "codec.key"
    if content is not None:
        file.write_text(content)

    with pytest.raises(KeyTroubleError, match=r"codec\.key"):
        KeyRing.of(file)


async def test_nothing_starts_with_a_key_that_does_not_fit(database_url: str, tmp_path: Path) -> None:
    """F47: the data remembers its keys; a part with another key ends with one sentence before it connects."""
    right = Settings(database_url=database_url, codec_key_file=key_file(tmp_path))
    await payload_keys.checked(right)
    (tmp_path / "other").mkdir()
    wrong = right.model_copy(update={"codec_key_file": key_file(tmp_path / "other")})

    with pytest.raises(SystemExit, match=r"does not hold the payload key .* of this data: bring it back"):
        await wiring.temporal_client(wrong)

    assert await payload_keys.used(right) == KeyRing.of(right.codec_key_file).check_values()


async def test_records_that_are_away_hold_no_start_up(tmp_path: Path) -> None:
    """A console starts while PostgreSQL is away: the key is held against the data at the next start."""
    settings = Settings(database_url="postgresql://nobody@127.0.0.1:1/x", codec_key_file=key_file(tmp_path))

    assert (await payload_keys.checked(settings)).ids


def test_the_verbs_list_rotate_and_verify(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`baton keys`: a new key encrypts, the old one is listed on, a lost one is missing and fails the check."""
    file = key_file(tmp_path)
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_CODEC_KEY_FILE", str(file))
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path))
    (old,) = KeyRing.of(file).ids

    rotated = CliRunner().invoke(app, ["keys", "rotate"])
    new = KeyRing.of(file).ids[-1]
    listed = CliRunner().invoke(app, ["keys", "list"]).output
    verified = CliRunner().invoke(app, ["keys", "verify"])
    key_file(tmp_path)
    lost = CliRunner().invoke(app, ["keys", "verify"])

    assert (rotated.exit_code, verified.exit_code, lost.exit_code) == (0, 0, 1)
    assert f"{old}: decrypts" in listed
    assert f"{new}: encrypts and decrypts, used with this data" in listed
    assert f"{old}, {new}" in lost.output or f"{new}, {old}" in lost.output
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def kept(database_url: str, temporal: Temporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key file of a Baton whose data and Temporal run."""
    file = key_file(tmp_path)
    said = {"DATABASE_URL": database_url, "CODEC_KEY_FILE": str(file), "DATA_DIR": str(tmp_path)}
    for name, value in said.items():
        monkeypatch.setenv(f"BATON_{name}", value)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", temporal.namespace)
    return file


def lines_of(file: Path) -> list[str]:
    """The keys as they stand in the file."""
    return file.read_text().splitlines()


def first_key_again(file: Path) -> list[str]:
    """Put the file's first key at its end as well; its lines then."""
    lines = lines_of(file)
    file.write_text("\n".join([*lines, lines[0]]) + "\n")
    return [*lines, lines[0]]


async def told(*words: str) -> Result:
    """What `baton keys` answers."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["keys", *words]))


async def counted(client: Client, query: str) -> None:
    """Wait until Temporal's list knows one workflow of that kind."""
    async with asyncio.timeout(PATIENCE):
        while (await client.count_workflows(query)).count != 1:
            continue


async def test_an_old_key_goes_once_nothing_needs_it(kept: Path) -> None:
    """`baton keys retire`: the key that encrypts stays, one that nothing needs goes, and all fits afterwards."""
    (old,) = KeyRing.of(kept).ids
    unknown, newest = await told("retire", "nosuchid"), await told("retire", old)
    await told("rotate")

    gone = await told("retire", old)
    verified, left = await told("verify"), KeyRing.of(kept).ids

    assert [one.exit_code for one in (unknown, newest, gone, verified)] == [1, 1, 0, 0], gone.output
    assert "There is no key nosuchid" in unknown.output
    assert "is the key that encrypts" in newest.output
    assert len(left) == 1
    assert old not in left


async def test_a_key_that_encrypts_again_stays(kept: Path) -> None:
    """A file in which an older key was put at the end once more: it encrypts, so neither it nor its follower goes."""
    (old,) = KeyRing.of(kept).ids
    await told("rotate")
    lines = first_key_again(kept)
    newer = KeyRing.of(kept).ids[1]

    answers = [await told("retire", key_id) for key_id in (old, newer)]

    assert [one.exit_code for one in answers] == [1, 1], answers
    assert lines_of(kept) == lines


async def test_a_key_stays_while_something_may_need_it(kept: Path, client: Client) -> None:
    """F47: a workflow from before the new key: open, its key stays whatever is said; closed, only --yes gives it up."""
    (old,) = KeyRing.of(kept).ids
    handle = await client.start_workflow("Waits", id="waits", task_queue="nobody", result_type=str)
    await counted(client, 'ExecutionStatus = "Running"')
    await told("rotate")

    needed = await told("retire", old, "--yes")
    await handle.terminate()
    await counted(client, 'ExecutionStatus = "Terminated"')
    asked = await told("retire", old)
    kept_by_then = KeyRing.of(kept).ids
    gone = await told("retire", old, "--yes")

    assert [one.exit_code for one in (needed, asked, gone)] == [1, 1, 0], gone.output
    assert "Still open at Temporal: 1" in needed.output
    assert "took over: 1. Nobody could read them" in asked.output
    assert old in kept_by_then
    assert old not in KeyRing.of(kept).ids


async def test_a_key_stays_while_nobody_can_tell(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal away: the key stays, for nobody knows what needs it."""
    (old,) = KeyRing.of(kept).ids
    await told("rotate")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")

    refused = await told("retire", old, "--yes")

    assert refused.exit_code == 1
    assert "Temporal does not answer" in refused.output
    assert old in KeyRing.of(kept).ids
