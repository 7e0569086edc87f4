"""`baton check` on seats, hours and pace: what can be known before anything runs is said before it."""

from pathlib import Path

import pytest

from baton.check_accounts import hours
from core.settings import Settings

NEVER = "[[orderdesk.production.upkeep]]\nbegins = 2020-01-01T00:00:00Z\nends = 2199-01-01T00:00:00Z\n"


@pytest.mark.parametrize(
    ("text", "well", "said"),
    [
        ("", True, "always open"),
        ('[orderdesk.production]\nhours = ["Mon-Fri 06:00-20:00"]\nseats = 3\n', True, "Works Mon-Fri 06:00-20:00"),
        ('[orderdesk.production]\nhours = ["Mon-Fir 06:00-20:00"]\n', False, "names no weekday"),
        ("[orderdesk.production]\nentries_per_minute = 0\n", False, "[orderdesk.production] entries_per_minute"),
        (NEVER, False, "never open: [orderdesk.production]"),
        ("[orderdesk", False, "cannot be read"),
    ],
)
def test_hours_are_looked_at_before_anything_waits_for_them(tmp_path: Path, text: str, well: bool, said: str) -> None:
    """Hours in force are told; a slip, or a window that never opens, is named with the place in the file."""
    file = tmp_path / "systems.toml"
    file.write_text(text, encoding="utf-8")

    found = hours(Settings(systems_file=file))

    assert found.well is well
    assert said in f"{found.said} {found.mend}"
