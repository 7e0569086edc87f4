"""House rule: what is promised is written down. The docs name every setting, state, fault code, verb and point."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import typer.main

from baton.cli import app
from core import case, crash_points, outcome, work_item
from core.fault_list import every_fault
from core.settings import Settings
from failure.kinds import FailureClass, Standing
from failure.states import ARROWS as REVIEWS
from failure.states import Review
from handoff import clock, states
from systems.way import OutageStage, WayState
from tests.house import tree

Word = TypeVar("Word", bound=StrEnum)


def test_every_setting_is_explained() -> None:
    """docs/settings.md has a row for each field of Settings, and none for a field that is gone."""
    written = set(re.findall(r"^\| `(BATON_[A-Z_]+)` \|", _doc("settings.md"), re.MULTILINE))

    assert written == {f"BATON_{name.upper()}" for name in Settings.model_fields}


def test_every_crash_point_is_named() -> None:
    """docs/settings.md names each crash point."""
    assert _missing("settings.md", crash_points.POINTS) == []


def test_every_fault_code_is_explained() -> None:
    """docs/faults.md has a row for each code, under the outcome that the fault leads to."""
    sections = re.split(r"^## ", _doc("faults.md"), flags=re.MULTILINE)[1:]
    written = {
        (code, part.split(":")[0]) for part in sections for code in re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    }

    for path in tree.files(".py"):
        if tree.name(path).split("/")[0] in tree.rooms() and re.search(
            r'^    code = "', path.read_text(), re.MULTILINE
        ):
            importlib.import_module(tree.name(path).removesuffix(".py").replace("/", "."))
    ours = {(code, fault.outcome.value) for code, fault in every_fault().items() if "tests" not in fault.__module__}

    assert written == ours


def test_the_diagram_of_a_work_item_is_the_code() -> None:
    """The arrows drawn in docs/states.md are those of core/work_item.py, no more and no fewer."""
    assert _drawn("A work item") == _arrows(work_item.ARROWS)


def test_the_diagram_of_a_handoff_is_the_code() -> None:
    """The arrows drawn in docs/states.md are those of handoff/states.py, no more and no fewer."""
    assert _drawn("A handoff") == _arrows(states.ARROWS)


def test_the_diagram_of_a_review_is_the_code() -> None:
    """The arrows drawn in docs/states.md are those of failure/states.py, no more and no fewer."""
    assert _drawn("A review of failures") == _arrows(REVIEWS)


def test_every_state_and_outcome_is_explained() -> None:
    """docs/states.md names each state, stage, wait and outcome."""
    words = (
        *(work_item.State, states.HandoffState, clock.ClockKind, clock.ClockState),
        *(case.Stage, case.WaitsFor, outcome.Outcome, Review, FailureClass, Standing, WayState, OutageStage),
    )

    assert _missing("states.md", (word.value for kind in words for word in kind)) == []


def test_every_verb_of_the_command_is_explained() -> None:
    """docs/commands.md names each verb of `baton`, and each of their options."""
    written = re.findall(r"`([^`\n]+)`", _doc("commands.md"))

    missing = [words for words in _verbs(typer.main.get_command(app), "baton") if not _is_in(words, written)]

    assert missing == []


def test_no_verb_is_explained_that_does_not_exist() -> None:
    """Every `baton ...` in docs/commands.md is a verb of the command."""
    verbs = set(_verbs(typer.main.get_command(app), "baton"))
    written = re.findall(r"`(baton [a-z]+)", _doc("commands.md"))

    assert {words for words in written if words not in verbs} == set()


def test_docs_lead_somewhere() -> None:
    """Each link between our documents leads to a file that is there."""
    broken = [
        f"{tree.name(path)}: {target}"
        for path in tree.files(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []


def _doc(name: str) -> str:
    return (tree.ROOT / "docs" / name).read_text(encoding="utf-8")


def _missing(name: str, words: Iterable[str]) -> list[str]:
    text = _doc(name)
    return [word for word in words if f"`{word}`" not in text]


def _is_in(words: str, written: Iterable[str]) -> bool:
    return any(re.search(rf"(^|\s){re.escape(words)}\b", code) for code in written)


def _drawn(title: str) -> set[tuple[str, str]]:
    part = _doc("states.md").split(f"## {title}\n")[1].split("\n## ")[0]
    return {(source, target) for source, target in re.findall(r"^ +(\w+) --> (\w+)$", part, re.MULTILINE)}


def _arrows(arrows: Mapping[Word, frozenset[Word]]) -> set[tuple[str, str]]:
    return {(source.value, target.value) for source, targets in arrows.items() for target in targets}


def _verbs(command: Any, words: str) -> Iterator[str]:
    """Each verb with the words before it, and each long option; Typer keeps its Click to itself, hence Any."""
    for name, verb in getattr(command, "commands", {}).items():
        if not verb.hidden:
            yield f"{words} {name}"
            yield from _verbs(verb, f"{words} {name}")
    for parameter in command.params:
        if not getattr(parameter, "hidden", False):
            yield from (option for option in parameter.opts if option.startswith("--"))
