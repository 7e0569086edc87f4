"""What browsers get from us was vendored at exact versions and is unchanged since."""

import json
from pathlib import Path

import pytest

from scripts import vendor


@pytest.mark.parametrize("folder", [vendor.CONSOLE, vendor.TESTS], ids=["console", "tests"])
def test_vendored_files_are_what_was_fetched(folder: Path) -> None:
    """Each file has its recorded checksum, and none is there that has none."""
    recorded = json.loads((folder / vendor.CHECKSUMS).read_text(encoding="utf-8"))

    assert {path: vendor.digest(folder / path) for path in vendor.vendored(folder)} == recorded


def test_every_package_brings_its_licence() -> None:
    """The licence of each vendored package lies beside its files."""
    missing = [
        package.name
        for package in vendor.PACKAGES
        if not list((package.into / "licences").glob(f"{package.name.replace('/', '-').lstrip('@')}-*.txt"))
    ]

    assert not missing


def test_no_asset_reaches_for_another_host() -> None:
    """No vendored style loads a font or an image from elsewhere."""
    styles = (vendor.CONSOLE / "tabler.min.css").read_text(encoding="utf-8")

    assert "@import" not in styles
    assert "url(http" not in styles.replace('"', "").replace("'", "")
