"""A folder outside the tree takes the place of a bot that does not know a screen's new release."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baton import extensions

Write = Callable[[str], Path]


@pytest.fixture
def mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a folder that mends the bot of the given system, and names it in BATON_EXTENSIONS."""
    home = tmp_path / "mended_desk"
    home.mkdir()
    monkeypatch.setenv("BATON_EXTENSIONS", str(home))
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(system: str) -> Path:
        (home / "bot.py").write_text("def route(means):\n    return 'the mended one'\n")
        (home / "__init__.py").write_text(
            "from systems.extension import Extension\n"
            f"EXTENSION = Extension('mended', 1, mends={{('{system}', 'bot'): 'mended_desk.bot:route'}})\n"
        )
        return home

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "mended_desk"]:
        del sys.modules[name]


def test_a_mended_bot_takes_the_place_of_ours(mended: Write) -> None:
    """What it names builds the route to a system that it does not bring itself."""
    mended("orderdesk")

    made = extensions.makers()

    assert made[("orderdesk", "bot")](None) == "the mended one"


def test_a_bot_that_mends_nothing_here_is_told(mended: Write) -> None:
    """A system that nobody knows is named in the sentence, and nothing of the folder is taken."""
    mended("orderdisk")

    found = extensions.load()

    assert [one.problem for one in found] == ["ValueError: it mends bots that are not here: orderdisk/bot"]
    assert extensions.makers() == {}
