"""What an operator meets between one release and the next, read from the two trees and held against the changelog."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MIGRATIONS = "records/migrations/versions"
OPERATORS = "### For operators"
Reading = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One tree, as an operator sees it. `settings`: each with the row that docs/settings.md gives it."""

    migrations: frozenset[str] = frozenset()
    settings: dict[str, str] = field(default_factory=dict)
    alarms: frozenset[str] = frozenset()


def of_commit(root: Path, commit: str) -> Facts:
    """The tree of that commit or tag."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout

    def reading(path: str) -> str:
        return git("show", f"{commit}:{path}") if git("ls-tree", "--name-only", commit, path) else ""

    listed = git("ls-tree", "--name-only", commit, f"{MIGRATIONS}/").splitlines()
    return _facts(reading, [Path(one).stem for one in listed if one.endswith(".py")])


def _facts(reading: Reading, migrations: list[str]) -> Facts:
    rows = re.findall(r"^\| `((?:BATON|TEMPORAL)_[A-Z_]+)` \| (.*?) \|", reading("docs/settings.md"), re.MULTILINE)
    alarms = re.findall(r"^\s*- alert: (\w+)", reading("deploy/alerts.yml"), re.MULTILINE)
    return Facts(migrations=frozenset(migrations), settings=dict(rows), alarms=frozenset(alarms))


def section(changelog: str) -> str:
    """What *Unreleased* tells operators; empty when it says nothing."""
    unreleased = changelog.partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    return unreleased.partition(f"\n{OPERATORS}\n")[2].partition("\n### ")[0].strip()


def unsaid(before: Facts, after: Facts, told: str) -> list[str]:
    """What an operator has to know of and is not told, each as a sentence; none: the section is whole."""
    found = []
    new = after.migrations - before.migrations
    if any(not one.endswith("_after") for one in new) and "`baton migrate`" not in told:
        found.append("New migrations come with it: say `baton migrate`.")
    if any(one.endswith("_after") for one in new) and "`baton migrate --after`" not in told:
        found.append("Something is removed once the old build is gone: say `baton migrate --after`.")
    for name in sorted(before.settings.keys() | after.settings.keys()):
        was, now = before.settings.get(name), after.settings.get(name)
        if was != now and f"`{name}`" not in told:
            how = "is new" if was is None else "is gone" if now is None else f"has another default ({was} before)"
            found.append(f"The setting `{name}` {how}.")
    changed = (one for one in sorted(before.alarms ^ after.alarms) if f"`{one}`" not in told)
    return [*found, *(f"The alarm `{one}` is {'new' if one in after.alarms else 'gone'}." for one in changed)]
