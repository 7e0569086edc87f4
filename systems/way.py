"""A way to a system, and how it stands: what the breaker, the gate and the screens call by the same words."""

from enum import StrEnum
from typing import NamedTuple

from systems.base import PRODUCTION


class Way(NamedTuple):
    """One way to one system: `route` is "bot" (screens) or "api", `environment` one that the system declares."""

    system: str
    environment: str = PRODUCTION
    route: str = "bot"


class WayState(StrEnum):
    """Whether work goes by it: yes; not at all; one entry, to see whether it does again; not while somebody says so."""

    UP = "up"
    DOWN = "down"
    TRYING = "trying"
    ISOLATED = "isolated"


SHUT = frozenset({WayState.DOWN, WayState.ISOLATED})
"""Nothing knocks on a way that stands so, but a probe."""


class OutageStage(StrEnum):
    """How far an outage is: nothing goes; one entry goes first; those that were held are let go; all of them are."""

    STANDING = "standing"
    CANARY = "canary"
    DRAINING = "draining"
    OVER = "over"
