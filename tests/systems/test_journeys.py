"""What journeys need of systems, as it is declared, against the code that carries them."""

import ast
import importlib
from pathlib import Path

import pytest

from core.case import Stage
from handoff import booking, bot_to_agent, failed_delivery
from handoff.lookups import LOOK_UPS
from systems.base import Operation
from systems.journeys import JOURNEYS, Journey, touched_by
from systems.registry import SYSTEMS
from workflows import legacy_entry

WORKFLOWS = Path(legacy_entry.__file__).parent
ROOTS = {failed_delivery.JOURNEY: "failed_delivery", booking.JOURNEY: "booking_dispatch"}
SHARED = {"work_item", "entries", "handoff", "handoff_people", "bulk_action", "recovered"}
"""What every journey uses for any operation; what it names is entered by the journey's own modules."""


def read(module: str) -> ast.Module:
    """The code of a workflow module."""
    return ast.parse((WORKFLOWS / f"{module}.py").read_text(encoding="utf-8"))


def reached(module: str, seen: set[str]) -> set[str]:
    """The workflow modules that this one stands on, itself among them."""
    if module in seen or module in SHARED or not (WORKFLOWS / f"{module}.py").is_file():
        return seen
    seen.add(module)
    for node in ast.walk(read(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workflows"):
            inside = str(node.module).removeprefix("workflows").removeprefix(".")
            names = [inside] if inside else [alias.name for alias in node.names]
            for name in names:
                reached(name, seen)
    return seen


def operations(module: str) -> set[tuple[str, str]]:
    """The operations that a module names, as orderdesk.REFUND: system and name."""
    found = set()
    for node in ast.walk(read(module)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in SYSTEMS:
            named = getattr(importlib.import_module(f"systems.{node.value.id}"), node.attr, None)
            if isinstance(named, Operation):
                found.add((named.system, named.name))
    return found


def stages(module: str) -> set[Stage]:
    """The stages that a module names."""
    return {
        Stage[node.attr]
        for node in ast.walk(read(module))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Stage"
    }


def declared(journey: Journey) -> set[tuple[str, str]]:
    """The operations that it is said to enter."""
    needs = [need for station in journey.stations for need in station.needs]
    return {(need.system, operation) for need in needs for operation in need.operations}


@pytest.mark.parametrize("name", ROOTS)
def test_a_journey_needs_what_its_code_enters(name: str) -> None:
    """Every operation that the code of a journey enters is declared for one of its stages, and no other."""
    modules = reached(ROOTS[name], set())

    entered = set().union(*(operations(module) for module in modules))

    assert declared(JOURNEYS[name]) == entered


@pytest.mark.parametrize("name", ROOTS)
def test_a_journey_has_the_stages_of_its_code(name: str) -> None:
    """Every stage that its code names is a station, but for those that modules it shares name for the other journey."""
    modules = reached(ROOTS[name], set())
    other = {Stage.WITH_SERVICE, Stage.CORRECTION, Stage.READING} if name == booking.JOURNEY else set()

    named = set().union(*(stages(module) for module in modules)) | {Stage.RECEIVED}

    assert {station.stage for station in JOURNEYS[name].stations} == named - other


def test_every_journey_is_declared_under_its_own_name() -> None:
    """The names are those that cases bear."""
    theirs = {failed_delivery.JOURNEY, booking.JOURNEY, bot_to_agent.JOURNEY, legacy_entry.JOURNEY}

    assert set(JOURNEYS) == theirs


def test_look_ups_read_where_the_journey_says_so() -> None:
    """What may be looked up from a workbench is a read that a stage of the journey is declared to need."""
    for look_up in LOOK_UPS.values():
        reads = {what for _, need in JOURNEYS[look_up.journey].needs(look_up.system) for what in need.reads}

        assert look_up.what in reads, look_up.name


def test_what_is_declared_is_there() -> None:
    """Each system and operation that a need names exists, and a stage stands once in a journey."""
    for journey in JOURNEYS.values():
        assert all(operation in SYSTEMS[system].operations for system, operation in declared(journey))
        assert len({station.stage for station in journey.stations}) == len(journey.stations)


def test_an_outage_hits_who_needs_the_system() -> None:
    """The order desk carries failed deliveries, and plain entry may enter anything."""
    assert [journey.name for journey in touched_by("orderdesk")] == ["failed-delivery", "legacy-entry"]
    assert [journey.name for journey in touched_by("fieldboard")] == ["booking-dispatch", "legacy-entry"]
