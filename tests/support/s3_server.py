"""One real S3 server for the whole pytest process, and a fresh bucket in it per test."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from obstore import sign
from obstore.store import S3Store

from tests.support.patience import PATIENCE
from tests.support.processes import Program

ACCOUNT, USER, SECRET, REGION = "baton", "tests", "canary-of-the-bucket", "eu-north-1"
numbers = itertools.count(1)


@dataclass(frozen=True)
class S3Bucket:
    """A bucket, empty at first: its name, where its server is, and the folder in which that keeps everything."""

    name: str
    address: str
    disk: Path

    def access(self, secret: str = SECRET) -> dict[str, str]:
        """What a process is told by its environment to reach it."""
        key = {"ACCESS_KEY_ID": f"{ACCOUNT}:{USER}", "SECRET_ACCESS_KEY": secret}
        told = {"ENDPOINT": self.address, "ALLOW_HTTP": "true", "REGION": REGION, **key}
        return {f"AWS_{name}": value for name, value in told.items()}


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """OpenStack Swift with its s3api; where it listens, and where it keeps what it is given."""
    folder = tmp_path_factory.mktemp("s3")
    with Program("-m", "tests.support.s3_node", str(folder)) as server:
        yield server.says("S3 at").split()[-1], folder / "devices"


@pytest.fixture
def s3_bucket(s3_server: tuple[str, Path]) -> S3Bucket:
    """A bucket of this test's own."""
    address, disk = s3_server
    bucket = S3Bucket(f"bucket-{next(numbers)}", address, disk)
    options = {name.lower(): value for name, value in bucket.access().items()}
    # No store of obstore makes buckets, but it signs the request that does.
    store = S3Store(bucket.name, config=options)  # type: ignore[arg-type]
    made = httpx.put(sign(store, "PUT", "", timedelta(minutes=5)), timeout=PATIENCE)
    assert made.status_code == httpx.codes.OK, made.text
    return bucket
