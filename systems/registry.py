"""All systems by name: the one list that forms, workflows, fallbacks and bots read."""

from systems.base import Operation, System
from systems.orderdesk import ORDERDESK
from systems.servicedesk import SERVICEDESK

SYSTEMS: dict[str, System] = {system.name: system for system in (ORDERDESK, SERVICEDESK)}


def operation_of(system: str, operation: str) -> Operation:
    """The operation called `operation` on `system`; KeyError when there is none."""
    return SYSTEMS[system].operations[operation]
