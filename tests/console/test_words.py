"""Every event has plain words, and an unknown one is still readable."""

import re
from pathlib import Path
from typing import get_args

import pytest

from console import words
from console.event_words import EVENTS
from core.case import Stage, WaitsFor
from core.work_item import State
from handoff.clock import Ticked

ROOT = Path(__file__).resolve().parents[2]
NOUNS = "case|order|cause|item|attempt|handoff|notice|submission|customer|mail|return"
NAMES = re.compile(rf"""(?<!info\()["']((?:{NOUNS})\.[a-z_]+)["']""")


def emitted() -> set[str]:
    """The names of events that stand in the code which appends them."""
    rooms = ("workflows", "activities", "records", "fallbacks")
    return {
        name
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for name in NAMES.findall(path.read_text("utf-8"))
    }


def test_every_event_has_a_sentence() -> None:
    """What the code appends to a timeline is told in words of its own, not by its name."""
    ticks = {f"clock.{what}" for what in get_args(Ticked.model_fields["what"].annotation)}
    without = {name for name in emitted() | ticks if name not in EVENTS}

    assert not without


def test_an_unknown_event_is_readable() -> None:
    """A name nobody gave words to is shown without dots and underscores."""
    assert words.event("order.read_again", "orderdesk", {}) == "Order read again"


def test_an_outcome_is_a_resolution_by_its_title_or_as_it_was_written() -> None:
    """A name in somebody's note keeps its capitals, and no resolution is told by its code."""
    said = [words.outcome(text) for text in ("reschedule", "closed without an entry: met Ms Köhler", "")]

    assert said == ["Deliver on another day", "Closed without an entry: met Ms Köhler", "Closed"]
    assert words.event("case.closed", "", {"outcome": "reschedule"}) == "Case closed: Deliver on another day"


def test_what_a_rule_read_is_told_without_brackets_and_codes() -> None:
    """Several things have commas between them, a resolution its title."""
    assert words.reading(["reschedule", "close"]) == "Deliver on another day, Close without an entry"
    assert words.reading("absence") == "absence"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_sentence_needs_no_data(name: str) -> None:
    """An old event without today's fields still makes a sentence."""
    sentence = words.event(name, "", {})

    assert sentence
    assert "{" not in sentence


def test_every_state_and_wait_is_shown_in_words() -> None:
    """Nothing is told by colour alone: each state and each wait has a text and an icon."""
    looks = [*words.STATES.values(), *words.WAIT_LOOKS.values(), *words.OUTCOMES.values()]

    assert set(words.STATES) == set(State)
    assert set(words.WAIT_LOOKS) == set(words.WAITS) == set(WaitsFor)
    assert {value for value, _ in words.STAGES} == {stage.value for stage in Stage}
    assert all(look.text and look.icon for look in looks)
