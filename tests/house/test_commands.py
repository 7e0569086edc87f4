"""House rule: bare `make` explains every verb, and CI runs what a person runs."""

import re
import subprocess

from tests.house import tree


def test_bare_make_explains_every_verb() -> None:
    """Each verb of the Makefile is named in what bare `make` prints."""
    makefile = (tree.ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE)) - {"help"}

    said = subprocess.run(["make"], cwd=tree.ROOT, capture_output=True, text=True, check=True).stdout

    assert {verb for verb in verbs if f"make {verb} " not in said} == set()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """`.ci/run` ends with the command that README names for tests."""
    last = (tree.ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]

    assert last in (tree.ROOT / "README.md").read_text(encoding="utf-8").splitlines()
