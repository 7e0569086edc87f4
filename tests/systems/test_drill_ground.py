"""What canaries may write to: read from the systems file, and refused with one sentence when it is not sound."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from systems.drill_ground import Ground, GroundRefused, Grounds
from systems.environment import environments
from systems.registry import SYSTEMS
from systems.seating import Seatings

RECORD = """
[[orderdesk.production.harmless]]
operation = "correct_address"
target = "4700001"
owner = "m.keller@example.org"
until = 2026-12-31
entry = { order_no = "4700001", street = "Canary {canary}", house_no = "1", postcode = "28195", city = "Bremen" }
"""
PRODUCTION = '[orderdesk.production]\ncanary = "06:30"\ntime_zone = "Europe/Berlin"\nseats = 2\n'


def ground_of(tmp_path: Path, text: str, environment: str = "production") -> Ground:
    """What a file with that text allows."""
    file = tmp_path / "systems.toml"
    file.write_text(text, encoding="utf-8")
    return Grounds(Seatings(file)).of("orderdesk", environment)


def test_a_record_is_harmless_until_its_day(tmp_path: Path) -> None:
    """Its canary is due from its time on, by the system's clock; past its day the record counts no more."""
    ground = ground_of(tmp_path, PRODUCTION + RECORD)
    early, due = datetime(2026, 11, 20, 5, 29, tzinfo=UTC), datetime(2026, 11, 20, 5, 30, tzinfo=UTC)

    record = ground.record(date(2026, 12, 31))

    assert (ground.day(early), ground.day(due)) == (None, date(2026, 11, 20))
    assert record is not None
    assert record.content(SYSTEMS["orderdesk"].operations["correct_address"], date(2026, 11, 20), "bot").model_dump()[
        "street"
    ] == ("Canary 2026-11-20 bot")
    assert ground.record(date(2027, 1, 1)) is None


def test_what_is_declared_for_canaries_disturbs_no_environment(tmp_path: Path) -> None:
    """The environments of the same file can be read; a file that says nothing of canaries has none."""
    test = '[orderdesk.test]\naddress = "https://test.example.org"\ndrills = "test"\n'
    ground = ground_of(tmp_path, PRODUCTION + RECORD + test, "test")

    found = environments(tmp_path / "systems.toml", {"orderdesk": "https://real.example.org"}, SYSTEMS)

    assert [one.name for one in found] == ["production", "test"]
    assert (ground.test, ground.canary, ground.record(date(2026, 11, 20))) == (True, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PRODUCTION.replace("06:30", "soon"), "[orderdesk.production] canary: "),
        (PRODUCTION + 'drills = "test"\n', "production is never a test environment"),
        (PRODUCTION + RECORD.replace('owner = "m.keller@example.org"\n', ""), "say its owner"),
        (PRODUCTION + RECORD.replace("until = 2026-12-31\n", ""), "until which day"),
        (PRODUCTION + RECORD.replace("correct_address", "read_order"), "there is no operation read_order that writes"),
        (PRODUCTION + RECORD.replace(" {canary}", ""), "put {canary} in a text"),
        (PRODUCTION + RECORD.replace('"28195"', '"B"'), "entry.postcode: "),
        (PRODUCTION + RECORD.replace('target = "4700001"', 'target = "4700009"'), "is about 4700001, and it declares"),
        (PRODUCTION + RECORD + 'colour = "red"\n', "harmless.0.colour"),
        ("[orderdesk.production\n", "cannot be read"),
    ],
)
def test_what_is_not_sound_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Each slip is refused with where it stands and what it is, and nothing is allowed by that file."""
    with pytest.raises(GroundRefused) as refused:
        ground_of(tmp_path, text)

    assert said in str(refused.value)
