"""docs/operating.md as it is followed at night: the commands of a paragraph, their words in capitals filled in."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from tests.house import tree

PAGE = tree.ROOT / "docs" / "operating.md"


@dataclass(frozen=True)
class Typed:
    """A line of the page: the settings it begins with, and the words of the verb after `baton`."""

    settings: dict[str, str]
    words: list[str]


def commands(heading: str, block: int = 0, fill: Mapping[str, str] | None = None) -> list[Typed]:
    """The lines of that paragraph's code block; a word in capitals without a value to fill in is an error."""
    paragraph = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^  ```\n(.*?)^  ```$", paragraph, re.MULTILINE | re.DOTALL)
    return [_typed(line, fill or {}) for line in blocks[block].splitlines()]


def _typed(line: str, fill: Mapping[str, str]) -> Typed:
    settings: dict[str, str] = {}
    words = shlex.split(line)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        settings[name] = _filled(value, fill)
    assert words[0] == "baton", line
    return Typed(settings, [_filled(word, fill) for word in words[1:]])


def _filled(word: str, fill: Mapping[str, str]) -> str:
    """What stands for itself, as the name of a setting, has an underscore."""
    return re.sub(r"\b[A-Z]+\b", lambda found: fill[found.group()], word)
