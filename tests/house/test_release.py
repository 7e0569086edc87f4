"""House rule: a release tells operators what they meet, carries its bill of materials, and is what its tag holds."""

import datetime as dt
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from baton import __version__
from scripts import release, release_facts
from scripts.release import NotReleasedError
from tests.house import tree

DAY = dt.date(2026, 12, 1)
CHANGELOG = """# Changelog

## Unreleased

### For operators
- Run `baton migrate`.

### Added
- A thing.
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree under git with all that a release reads."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "somebody")
        monkeypatch.setenv(f"{name}_EMAIL", "somebody@example.org")
    _put(tmp_path, "CHANGELOG.md", CHANGELOG)
    _put(tmp_path, "pyproject.toml", '[project]\nversion = "0.0.0"\n')
    _put(tmp_path, "baton/__init__.py", '"""A package."""\n\nUNRELEASED = "0.0.0"\n__version__ = "0.0.0"\n')
    _put(tmp_path, "docs/settings.md", "| `BATON_SEATS` | `4` | seats |\n")
    _put(tmp_path, "deploy/alerts.yml", "      - alert: BatonNoPoller\n")
    _put(tmp_path, "records/migrations/versions/0001_first.py", "")
    _put(tmp_path, ".gitignore", "/var/\n")
    _git(tmp_path, "init", "--quiet")
    _commit(tmp_path)
    return tmp_path


def test_a_release_is_what_its_tag_holds(root: Path) -> None:
    """Version and changelog are in the tagged commit; archive, bill, notes and checksums are of it."""
    made = release.release(root, "2026.12.0", DAY)

    changelog = _git(root, "show", "v2026.12.0:CHANGELOG.md")
    assert "## 2026.12.0 - 2026-12-01\n\n### For operators\n- Run `baton migrate`." in changelog
    assert release_facts.section(changelog) == "- Nothing to do."
    assert '__version__ = "2026.12.0"' in _git(root, "show", "v2026.12.0:baton/__init__.py")
    sums = {one[66:]: one[:64] for one in (made / "SHA256SUMS").read_text().splitlines()}
    assert sums == {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in made.iterdir() if one.name != "SHA256SUMS"
    }
    assert sums.keys() == {f"baton-2026.12.0.{ending}" for ending in ("tar.gz", "cdx.json", "md")}
    assert (made / "baton-2026.12.0.md").read_text().endswith("### Added\n- A thing.\n")
    bill = json.loads((made / "baton-2026.12.0.cdx.json").read_text())
    assert bill["metadata"]["component"]["version"] == "2026.12.0"
    with tarfile.open(made / "baton-2026.12.0.tar.gz") as archive:
        assert "baton-2026.12.0/baton/__init__.py" in archive.getnames()
    assert not _git(root, "status", "--porcelain")


def test_what_operators_are_not_told_stops_a_release(root: Path) -> None:
    """A migration, its half after, a setting that is new, gone or other, an alarm: each one is named."""
    release.release(root, "2026.12.0", DAY)
    _put(root, "records/migrations/versions/0002_more.py", "")
    _put(root, "records/migrations/versions/0002_after.py", "")
    _put(root, "docs/settings.md", "| `BATON_SEATS` | `6` | seats |\n| `BATON_NEW` | | new |\n")
    _put(root, "deploy/alerts.yml", "      - alert: BatonOther\n")
    _commit(root)
    before = _git(root, "rev-parse", "HEAD")

    with pytest.raises(NotReleasedError) as refused:
        release.release(root, "2026.12.1", DAY)

    assert str(refused.value).splitlines()[1:] == [
        "- New migrations come with it: say `baton migrate`.",
        "- Something is removed once the old build is gone: say `baton migrate --after`.",
        "- The setting `BATON_NEW` is new.",
        "- The setting `BATON_SEATS` has another default (`4` before).",
        "- The alarm `BatonNoPoller` is gone.",
        "- The alarm `BatonOther` is new.",
    ]
    assert _git(root, "rev-parse", "HEAD") == before

    told = "- `baton migrate`, `baton migrate --after`, `BATON_NEW`, `BATON_SEATS`, `BatonNoPoller`, `BatonOther`."
    _put(root, "CHANGELOG.md", (root / "CHANGELOG.md").read_text().replace("- Nothing to do.", told))
    _commit(root)
    assert release.release(root, "2026.12.1", DAY).is_dir()


def test_what_must_not_be_released_is_refused(root: Path) -> None:
    """No version, one that is not newer, a tree with changes, a changelog that is silent: each with a sentence."""
    release.release(root, "2026.12.10", DAY)
    for version, why in (("1.0", "is no version"), ("2026.12.9", "is not newer than 2026.12.10")):
        with pytest.raises(NotReleasedError, match=why):
            release.release(root, version, DAY)

    _put(root, "CHANGELOG.md", (root / "CHANGELOG.md").read_text().replace("### For operators\n- Nothing to do.", ""))
    with pytest.raises(NotReleasedError, match="changes that are in no commit"):
        release.release(root, "2026.12.11", DAY)
    _commit(root)
    with pytest.raises(NotReleasedError, match="does not tell operators"):
        release.release(root, "2026.12.11", DAY)


def test_this_tree_can_be_released() -> None:
    """Its changelog speaks to operators, its version stands once each, and what it reads of the tree is there."""
    told = release_facts.section((tree.ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    assert told
    assert f'\nversion = "{__version__}"\n' in (tree.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if tree.ROOT.joinpath(".git").exists():  # an unpacked archive has no history to compare with
        facts = release_facts.of_commit(tree.ROOT, "HEAD")
        assert {"BATON_DATABASE_URL", "BATON_BUILD"} <= facts.settings.keys()
        assert {"BatonNoPoller"} <= facts.alarms
        assert any(one.startswith("0031") for one in facts.migrations)


def _put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _commit(root: Path) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "Work")


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout
