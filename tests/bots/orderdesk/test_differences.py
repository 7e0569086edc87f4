"""What a person reads about a screen that is not the one that is known."""

import pytest

from bots.orderdesk.forms import same
from core.faults import ScreenUnexpected

KNOWN = ("DELIVERY FAILURE", [("Status", "status"), ("Remarks", "remarks")])


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (("DELIVERY FAILURE", [("State", "status"), ("Remarks", "remarks")]), "S31 shows “State” in place of “Status”"),
        (("DELIVERY FAILURE", [("Status", "status")]), "S31 does not show “Remarks”, “remarks”"),
        (("DELIVERY FAILURE", [*KNOWN[1], ("Team", "team")]), "S31 shows “Team”, “team” beside what is known"),
        (("DELIVERY FAILURE", KNOWN[1][::-1]), "S31 shows what is known in another order"),
    ],
)
def test_a_changed_screen_is_told_by_what_changed(found: object, told: str) -> None:
    """F12: the captions and names that are new or gone, without the brackets of the machine; what is equal passes."""
    same("S31", KNOWN, KNOWN)
    with pytest.raises(ScreenUnexpected) as trouble:
        same("S31", found, KNOWN)

    assert trouble.value.detail == told
