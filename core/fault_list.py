"""Every fault by its code: what screens, records and workflows look a code up in."""

from core.faults import Fault

_KNOWN: dict[str, type[Fault]] = {}


def every_fault() -> dict[str, type[Fault]]:
    """All fault classes by code, also those that other rooms define below these."""
    found: dict[str, type[Fault]] = {}
    todo: list[type[Fault]] = [Fault]
    while todo:
        fault = todo.pop()
        found[fault.code] = fault
        todo.extend(fault.__subclasses__())
    return found


def known(code: str) -> type[Fault] | None:
    """The fault of this code, if there is one; pages ask for dozens, so all are gone through only for a new one."""
    if code not in _KNOWN:
        _KNOWN.update(every_fault())
    return _KNOWN.get(code)
