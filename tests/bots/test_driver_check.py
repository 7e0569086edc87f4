"""Playwright's driver that cannot run is named with what mends it, before any entry is taken."""

from pathlib import Path

import pytest

from baton import bots_worker, check
from baton.seen.engine import EngineMetrics
from bots.kit.driver_check import driver_trouble
from core.settings import Settings

LOADER = (
    "error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or directory"
)


@pytest.fixture
def lacks_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver whose Node.js ends as the loader ends it on a small Debian."""
    node = tmp_path / "node"
    node.write_text(f'#!/bin/sh\necho "$0: {LOADER}" >&2\nexit 127\n', encoding="utf-8")
    node.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))


def test_a_driver_that_runs_is_no_trouble() -> None:
    """The one of this machine."""
    assert driver_trouble() == ""


@pytest.mark.usefixtures("lacks_a_library")
def test_a_missing_library_is_named_with_its_package() -> None:
    """What to type, by package manager; `baton check` says it too."""
    finding = check.browser(Settings())

    assert "libatomic.so.1 is missing" in driver_trouble()
    assert "`apt-get install libatomic1`" in driver_trouble()
    assert (finding.well, finding.mend) == (False, driver_trouble())


@pytest.mark.usefixtures("lacks_a_library")
async def test_bots_do_not_begin_without_a_driver(tmp_path: Path) -> None:
    """They say why and end, and have taken nothing."""
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:9/none", data_dir=tmp_path)

    with pytest.raises(SystemExit, match="libatomic"):
        await bots_worker.serve(nowhere, tmp_path, EngineMetrics())


def test_a_driver_that_ends_otherwise_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Node.js that is not there."""
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/no/such/node")

    assert "/no/such/node" in driver_trouble()
