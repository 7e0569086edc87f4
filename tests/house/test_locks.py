"""House rule: what is installed is exactly what was resolved, everywhere."""

import re
import tomllib

from tests.house import tree

LOCKS = ("requirements.lock", "requirements-dev.lock")


def test_every_locked_package_is_exact_and_has_hashes() -> None:
    """Each entry of both locks pins one version and carries at least one sha256."""
    loose = [entry.splitlines()[0] for lock in LOCKS for entry in _entries(lock) if not _is_exact(entry)]

    assert not loose


def test_the_development_lock_holds_the_runtime_lock() -> None:
    """Whatever runs Baton has the same version in both locks, so that switching never reinstalls."""
    runtime, dev = (_versions(lock) for lock in LOCKS)

    assert runtime.items() <= dev.items()


def test_every_dependency_is_locked() -> None:
    """Each dependency of pyproject.toml is found in its lock: a forgotten `make lock` shows here."""
    table = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [(line, LOCKS[0]) for line in table["project"]["dependencies"]]
    wanted += [(line, LOCKS[1]) for line in table["dependency-groups"]["dev"]]

    missing = [line for line, lock in wanted if _distribution(line) not in _versions(lock)]

    assert not missing


def _entries(lock: str) -> list[str]:
    text = (tree.ROOT / lock).read_text(encoding="utf-8")
    return re.split(
        r"\n(?=[a-z0-9])", "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    )


def _is_exact(entry: str) -> bool:
    return bool(re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==\S+", entry)) and "--hash=sha256:" in entry


def _versions(lock: str) -> dict[str, str]:
    return {_distribution(entry): entry.split()[0].partition("==")[2] for entry in _entries(lock)}


def _distribution(line: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found, line
    return re.sub(r"[-_.]+", "-", found.group()).lower()
