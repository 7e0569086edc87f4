"""Every fault by its code: what screens, records and workflows look a code up in."""

from core.faults import Fault


def every_fault() -> dict[str, type[Fault]]:
    """All fault classes by code, also those that other rooms define below these."""
    found: dict[str, type[Fault]] = {}
    todo: list[type[Fault]] = [Fault]
    while todo:
        fault = todo.pop()
        found[fault.code] = fault
        todo.extend(fault.__subclasses__())
    return found
