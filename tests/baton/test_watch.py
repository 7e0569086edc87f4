"""`baton watch`: what is watched is told, ended, and refused when it cannot be."""

import pytest
from typer.testing import CliRunner, Result

from baton import cli


def asked(*words: str) -> Result:
    """What the command answers."""
    return CliRunner().invoke(cli.app, ["watch", *words])


def test_a_watch_is_added_told_and_ended(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each watch says what it is on, how many of how many it stopped, and why; once ended it says so, and ends once."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)

    added = asked("add", "orderdesk", "mark_failed_delivery", "--first", "3", "--why", "the save screen changed")
    listed = asked("list")
    short = added.stdout[:8]
    ended = [asked("end", short) for _ in range(2)]

    assert "orderdesk mark_failed_delivery: 0 of the first 3 stopped; since" in added.stdout
    assert listed.stdout == added.stdout
    assert "the save screen changed" in listed.stdout
    assert [one.exit_code for one in ended] == [0, 1]
    assert "stopped, over;" in asked("list").stdout


@pytest.mark.parametrize(
    "words",
    [("add", "nowhere", "--why", "x"), ("add", "orderdesk", "nothing", "--why", "x"), ("add", "orderdesk")],
    ids=["system", "operation", "no reason"],
)
def test_a_watch_needs_a_system_an_operation_of_it_and_a_reason(
    words: tuple[str, ...], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not exist is not watched, and nobody is stopped without a reason; nothing is kept then."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)

    refused = asked(*words)

    assert refused.exit_code == 1
    assert asked("list").stdout == "Nothing is watched.\n"
