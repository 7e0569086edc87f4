"""Workflow code asks the workflow for the time, for chance and for names, never the machine."""

import ast

from baton.passed_through import PARTS_PASSED_THROUGH
from baton.wiring import WORKFLOWS
from tests.house import tree

FORBIDDEN = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "uuid.uuid1",
        "uuid.uuid4",
        "clock.now",
        "asyncio.wait",
        "asyncio.as_completed",
        "asyncio.sleep",
        "open",
        "input",
    }
)
MODULES = ("time", "random", "secrets", "os", "subprocess", "socket", "threading")


def test_workflows_take_nothing_from_the_machine() -> None:
    """No module of `workflows` calls the clock, chance, files or processes; `workflow.now()` and its like stand in."""
    found = [
        f"{tree.name(path)}:{node.lineno} {ast.unparse(node.func)}"
        for path in tree.files(".py")
        if tree.name(path).startswith("workflows/")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and is_forbidden(ast.unparse(node.func))
    ]

    assert found == []


def test_every_module_of_workflows_is_passed_through_or_defines_one() -> None:
    """A new module of `workflows` is either on the list that the sandbox takes as it is, or holds a workflow."""
    modules = {
        path.stem for path in tree.files(".py") if tree.name(path).startswith("workflows/") and path.stem != "__init__"
    }
    holding = {workflow.__module__.removeprefix("workflows.") for workflow in WORKFLOWS}

    assert modules == holding | set(PARTS_PASSED_THROUGH)


def is_forbidden(called: str) -> bool:
    """Whether a call goes to the machine."""
    return called in FORBIDDEN or called.split(".", maxsplit=1)[0] in MODULES
