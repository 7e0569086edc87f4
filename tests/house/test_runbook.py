"""House rule: every alarm leads to a paragraph that says what to do, and what it says can be typed."""

import re
from typing import Any

import typer.main
import yaml

from baton.cli import app
from tests.house import tree

FOLLOW = ("test_night.py", "test_runbook.py")
"""Where the commands of a paragraph are typed into a running Baton."""


def test_every_alarm_names_a_paragraph_that_is_there() -> None:
    """Each rule leads to a heading of docs/operating.md that says what it means, what to look at and what mends it."""
    parts = re.split(r"^## ", _operating(), flags=re.MULTILINE)[1:]
    paragraphs = {part.splitlines()[0].lower().replace(" ", "-"): part for part in parts}
    wanted = ("**It means**", "**Look at**", "**It is mended by**")

    missing = [
        rule["alert"] for rule in _rules() if not all(word in paragraphs.get(_anchor(rule), "") for word in wanted)
    ]

    assert missing == []


def test_every_alarm_says_how_bad_it_is() -> None:
    """Each rule has a name of its own, a sentence, and wakes somebody, waits for the morning, or always rings."""
    rules = _rules()

    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert {rule["labels"]["severity"] for rule in rules} == {"critical", "warning", "none"}
    assert [rule["expr"] for rule in rules if rule["labels"]["severity"] == "none"] == ["vector(1)"]
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_every_command_of_the_runbook_exists() -> None:
    """What somebody is told to type at night is a verb of the command."""
    known: Any = typer.main.get_command(app)
    groups = {name: set(getattr(verb, "commands", {})) for name, verb in known.commands.items()}

    typed = re.findall(r"`baton ([a-z]+)(?: ([a-z]+))?", _operating())

    wrong = [
        (verb, inner) for verb, inner in typed if verb not in groups or (groups[verb] and inner not in groups[verb])
    ]
    assert (wrong, len(typed) > 10) == ([], True)


def test_every_block_of_commands_is_followed_by_a_test() -> None:
    """Who is on call types them as they stand: a test has done so, for each paragraph that an alarm leads to."""
    anchors = {_anchor(rule) for rule in _rules()}
    parts = re.split(r"^## ", _operating(), flags=re.MULTILINE)[1:]
    blocks = {part.splitlines()[0] for part in parts if "\n  ```\n" in part}
    named = {one for one in blocks if one.lower().replace(" ", "-") in anchors}
    followed = "".join((tree.ROOT / "tests" / "acceptance" / name).read_text(encoding="utf-8") for name in FOLLOW)

    assert (sorted(one for one in named if f'"{one}"' not in followed), len(named) > 8) == ([], True)


def _anchor(rule: dict[str, Any]) -> str:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    return anchor if page == "docs/operating.md" else ""


def _rules() -> list[dict[str, Any]]:
    text = (tree.ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def _operating() -> str:
    return (tree.ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
