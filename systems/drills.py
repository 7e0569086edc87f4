"""Drills, pure: how a system goes away in one, what is entered meanwhile, and how long it may take."""

from enum import StrEnum

OPERATIONS = {"orderdesk": "correct_address", "servicedesk": "update_ticket"}
"""What a drill enters on a system: something that one record takes again and again."""
LONGEST, MOST = 60.0, 1000
"""Minutes that an outage may last, and entries that may be in flight."""


class Mode(StrEnum):
    """Connections are refused; pages take minutes; connections are cut at random; answers are false."""

    DOWN = "down"
    SLOW = "slow"
    FLAP = "flap"
    LIE = "lie"
