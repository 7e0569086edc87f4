"""Makes a release on this machine: `make release VERSION=2026.12.0`. Nothing is pushed.

Refuses with a sentence where it must not be: a tree with changes, a version that is not newer, a changelog that does
not tell operators what they meet. Then the version stands in the tree, commit and tag are made, and
var/release/VERSION holds the archive, its bill of materials, its notes, and a file of checksums over them.
"""

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

from scripts import licences, release_facts, sbom
from scripts.release_facts import OPERATORS, Facts

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r"20\d\d\.(?:[1-9]|1[0-2])\.\d+")
NOTHING_YET = f"{OPERATORS}\n- Nothing to do.\n"
STANDS_IN = {"pyproject.toml": '\nversion = "{}"\n', "baton/__init__.py": '\n__version__ = "{}"\n'}


class NotReleasedError(Exception):
    """Why no release was made, with what mends it. Nothing was changed."""


def main(words: list[str]) -> int:
    """Make it and tell where it lies; 1 with the reason when it cannot be."""
    try:
        made = release(ROOT, words[0] if words else "", dt.datetime.now(dt.UTC).date())
    except (NotReleasedError, licences.NotLookedAtError) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"{made}\nNothing was pushed. When it is right: git push --follow-tags")
    return 0


def release(root: Path, version: str, day: dt.date) -> Path:
    """Write, commit, tag and build the release of `root`'s last commit; the folder that holds it."""
    last = _may_be(root, version)
    bill = sbom.made(version)  # before anything is written: it stops at a licence that nobody looked at
    _write(root, version, day)
    _git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
    _git(root, "tag", "--annotate", f"v{version}", "--message", f"Baton {version}, after {last or 'nothing'}")
    return _build(root, version, json.dumps(bill, indent=2) + "\n")


def _may_be(root: Path, version: str) -> str:
    """The tag of the release before, empty for the first; NotReleasedError when this one may not be."""
    if not VERSION.fullmatch(version):
        raise NotReleasedError(f"“{version}” is no version: name year.month.number, as VERSION=2026.12.0.")
    if _git(root, "status", "--porcelain"):
        raise NotReleasedError("This tree holds changes that are in no commit: commit them, or put them aside.")
    tags = [one for one in _git(root, "tag", "--list", "v*").split() if VERSION.fullmatch(one[1:])]
    last = max(tags, key=_order, default="")
    if last and _order(f"v{version}") <= _order(last):
        raise NotReleasedError(f"{version} is not newer than {last[1:]}, the last release.")
    told = release_facts.section((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not told:
        raise NotReleasedError(f"CHANGELOG.md does not tell operators what to do: say it under “{OPERATORS}”.")
    if last:
        before: Facts = release_facts.of_commit(root, last)
        if missing := release_facts.unsaid(before, release_facts.of_commit(root, "HEAD"), told):
            listed = "\n".join(f"- {one}" for one in missing)
            raise NotReleasedError(f"Since {last[1:]} operators meet what CHANGELOG.md does not tell them:\n{listed}")
    return last[1:]


def _order(tag: str) -> list[int]:
    return [int(one) for one in tag[1:].split(".")]


def _write(root: Path, version: str, day: dt.date) -> None:
    texts = {}
    for name, line in STANDS_IN.items():
        held = (root / name).read_text(encoding="utf-8")
        texts[name], count = re.subn(line.format(r"[\d.]+"), line.format(version), held)
        if count != 1:
            raise NotReleasedError(f"{name} does not hold one line of the form {line.strip()}.")
    begun = f"\n## Unreleased\n\n{NOTHING_YET}\n## {version} - {day.isoformat()}\n"
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    texts["CHANGELOG.md"] = changelog.replace("\n## Unreleased\n", begun, 1)
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")


def _build(root: Path, version: str, bill: str) -> Path:
    into = root / "var" / "release" / version
    into.mkdir(parents=True, exist_ok=True)
    name = f"baton-{version}"
    archive = into / f"{name}.tar.gz"
    _git(root, "archive", f"--prefix={name}/", f"--output={archive}", f"v{version}")
    (into / f"{name}.cdx.json").write_text(bill, encoding="utf-8")
    changelog = _git(root, "show", f"v{version}:CHANGELOG.md")
    notes = changelog.partition(f"\n## {version} - ")[2].partition("\n## ")[0]
    (into / f"{name}.md").write_text(f"# Baton {version}\n\n{notes.partition(chr(10))[2].strip()}\n", encoding="utf-8")
    sums = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}" for one in sorted(into.glob(f"{name}.*"))]
    (into / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")
    return into


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotReleasedError(f"git {words[0]} did not do it: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
