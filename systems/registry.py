"""All systems by name: the one list that forms, workflows, fallbacks and bots read."""

from systems.base import Operation, System
from systems.fieldboard import FIELDBOARD
from systems.orderdesk import ORDERDESK
from systems.servicedesk import SERVICEDESK

SYSTEMS: dict[str, System] = {system.name: system for system in (ORDERDESK, SERVICEDESK, FIELDBOARD)}


def operation_of(system: str, operation: str) -> Operation:
    """The operation called `operation` on `system`; KeyError when there is none."""
    return SYSTEMS[system].operations[operation]


def add(system: System) -> None:
    """Take in a system that an extension brings. Raises ValueError with a sentence when it cannot be."""
    known = SYSTEMS.get(system.name)
    if known is system:
        return
    if known is not None:
        raise ValueError(f"there is a system called {system.name} already")
    foreign = sorted(name for name, operation in system.operations.items() if operation.system != system.name)
    if foreign:
        raise ValueError(f"operations of another system: {', '.join(foreign)}")
    SYSTEMS[system.name] = system
