"""Recorded histories replay on today's workflows: what runs now goes on after an update."""

import ast
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.workflow import NondeterminismError

from baton import wiring
from tests.replay import histories
from tests.replay.hasty import HastyCase, HastyItem

TESTS = histories.FOLDER.parent / "workflows"


async def test_every_history_replays() -> None:
    """No recorded history meets a workflow that decides otherwise than it did."""
    replayer = histories.replayer()

    failed = {}
    for path in histories.recorded():
        result = await replayer.replay_workflow(histories.read(path), raise_on_replay_failure=False)
        if result.replay_failure is not None:
            failed[f"{path.parent.name}/{path.stem}"] = str(result.replay_failure)

    assert not failed, f"a deploy would strand running work; record anew with `make histories`: {failed}"


def test_every_workflow_has_histories() -> None:
    """Each workflow that the worker runs has a folder of recorded histories of its own type."""
    types = {path.parent.name: _type_of(path) for path in histories.recorded()}

    assert types == {histories.FOLDERS[kind.__name__]: kind.__name__ for kind in wiring.WORKFLOWS}


def test_what_the_tests_keep_is_recorded() -> None:
    """Every history that a test keeps is there as a file, and no file is left of a test that is gone."""
    assert {f"{path.parent.name}/{path.stem}" for path in histories.recorded()} == _kept_by_tests()


def test_every_update_of_every_workflow_is_in_a_history() -> None:
    """Each thing that a person can do has been done in a recorded history."""
    asked = {f"{kind.__name__}.{name}" for kind in wiring.WORKFLOWS for name in _updates(kind)}

    assert asked == {found for path in histories.recorded() for found in _accepted(path)}


def test_a_history_holds_no_key_and_no_machine() -> None:
    """What is written down is plain and belongs to no machine: nothing encrypted, no stack trace, no home of ours."""
    texts = {path: path.read_text(encoding="utf-8") for path in histories.recorded()}

    marked = [path.name for path, text in texts.items() if "binary/encrypted" in text or "site-packages/" in text]

    assert texts
    assert not marked


@pytest.mark.failure_mode("F42")
@pytest.mark.parametrize(
    ("hasty", "name"), [(HastyCase, "failed_delivery/resolved_by_reschedule"), (HastyItem, "work_item/entered")]
)
async def test_a_changed_workflow_is_caught(hasty: type, name: str) -> None:
    """F42: a workflow with one more step than its history does not replay."""
    history = histories.read(histories.FOLDER / f"{name}.json")

    with pytest.raises(NondeterminismError):
        await histories.replayer(hasty).replay_workflow(history)


def _type_of(path: Path) -> str:
    first = histories.read(path).events[0]
    return str(first.workflow_execution_started_event_attributes.workflow_type.name)


def _updates(kind: type) -> list[str]:
    definition = workflow._Definition.from_class(kind)
    assert definition is not None
    return [str(name) for name in definition.updates]


def _accepted(path: Path) -> list[str]:
    return [
        f"{_type_of(path)}.{event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name}"
        for event in histories.read(path).events
        if event.HasField("workflow_execution_update_accepted_event_attributes")
    ]


def _kept_by_tests() -> set[str]:
    folders = {
        "keep_booking": "booking_dispatch",
        "keep_bulk": "bulk_action",
        "keep_case": "failed_delivery",
        "keep_entries": "legacy_entry",
        "keep_handoff": "handoff",
        "keep_item": "work_item",
        "keep_look_up": "look_up",
        "keep_session": "bot_to_agent",
        "keep_trial": "account_trial",
    }
    return {
        f"{folders[node.func.id]}/{node.args[-1].value!s}"
        for path in TESTS.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in folders
        and isinstance(node.args[-1], ast.Constant)
    }
