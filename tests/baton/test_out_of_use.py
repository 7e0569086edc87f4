"""`baton isolate` and `baton resume`: on the records alone, with a sentence for everything that is not right."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from baton.cli import app
from core import clock
from core.settings import settings
from fallbacks.health import Health
from records.database import Database
from systems.way import WayState


@pytest.fixture
def typed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A terminal at these records, with neither console nor Temporal."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    settings.cache_clear()
    return CliRunner()


def states(url: str) -> dict[str, WayState]:
    """How every way stands, by its name."""

    async def read() -> dict[str, WayState]:
        database = Database(url)
        try:
            return {"/".join(row.way): row.state for row in await Health(database).standing(clock.now())}
        finally:
            await database.close()

    return asyncio.run(read())


def test_a_system_is_taken_out_of_use_and_used_again(typed: CliRunner, database_url: str) -> None:
    """Each of its ways is out, until it is resumed; then it waits for its probe."""
    out = typed.invoke(app, ["isolate", "servicedesk", "--reason", "a new release", "--for", "2h"])
    shut = states(database_url)
    back = typed.invoke(app, ["resume", "--all", "--reason", "it is in"])

    ways = ["servicedesk/production/api", "servicedesk/production/bot"]
    assert (out.exit_code, back.exit_code) == (0, 0)
    assert shut == dict.fromkeys(ways, WayState.ISOLATED)
    assert states(database_url).items() >= dict.fromkeys(ways, WayState.DOWN).items()
    assert all(way in back.output for way in ways)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["isolate", "orderdesk"], "Say why"),
        (["isolate", "orderdesk", "--reason", "ab "], "Say why"),
        (["isolate", "--reason", "x"], "Name one system"),
        (["isolate", "warehouse", "--reason", "x"], "no system called warehouse"),
        (["isolate", "orderdesk", "--route", "api", "--reason", "x"], "no way called api"),
        (["isolate", "orderdesk/prodution", "--reason", "x"], "no environment called prodution of orderdesk"),
        (["isolate", "orderdesk", "--reason", "x", "--for", "soon"], "no span of time"),
        (["resume", "orderdesk"], "Say why"),
    ],
)
def test_what_is_not_right_is_one_sentence_and_changes_nothing(
    typed: CliRunner, database_url: str, words: list[str], sentence: str
) -> None:
    """No reason, no system, two of them, an odd span: said, and nothing is out of use."""
    said: Result = typed.invoke(app, words)

    assert (said.exit_code, sentence in said.output) == (1, True)
    assert states(database_url) == {}


def test_an_environment_of_the_systems_file_is_taken_out_of_use(
    typed: CliRunner, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operator declared can be taken out of use, though nobody has worked there yet."""
    file = tmp_path / "systems.toml"
    file.write_text("[orderdesk.test]\nseats = 1\n", encoding="utf-8")
    monkeypatch.setenv("BATON_SYSTEMS_FILE", str(file))

    out = typed.invoke(app, ["isolate", "orderdesk/test", "--reason", "a new release"])

    assert out.exit_code == 0
    assert states(database_url) == {"orderdesk/test/bot": WayState.ISOLATED}
