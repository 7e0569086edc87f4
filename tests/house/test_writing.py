"""House rule: what each file and each test says, and what no committed file may contain."""

import ast
import re
from pathlib import Path

from tests.house import tree

# Put together here, so that this file does not contain what it looks for.
HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("deb", "debian"))
REGISTRIES = [".".join(parts) for parts in HOSTS]
THIS_MACHINE = [f"/{top}/" for top in ("wo" + "rk", "fa" + "rm", "ro" + "ot")]
NOT_OURS = ("LICENSE", "/vendor/")


def test_every_module_begins_with_its_place_in_the_story() -> None:
    """Each Python file that has code starts with a docstring."""
    silent = [
        tree.name(path)
        for path in tree.files(".py")
        if (source := path.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(source))
    ]

    assert not silent


def test_every_test_says_what_must_hold() -> None:
    """Each test function has a docstring of one sentence."""
    silent = [
        f"{tree.name(path)}:{node.name}"
        for path in _test_files()
        for node in tree.functions(path)
        if node.name.startswith("test_") and not (ast.get_docstring(node) or "").strip().endswith((".", "!", "?"))
    ]

    assert not silent


SLEEPS = frozenset({"sleep", "time.sleep", "asyncio.sleep"})
"""A workflow's own durable timer and the time-skipping server's skips are none of these."""


def test_no_test_sleeps() -> None:
    """Tests wait for a signal or skip time: neither time.sleep nor asyncio.sleep is called in them."""
    sleeping = [
        f"{tree.name(path)}:{node.lineno}"
        for path in tree.files(".py")
        if tree.name(path).startswith("tests/")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) in SLEEPS and not _is_zero(node)
    ]

    assert not sleeping


def test_no_test_is_skipped_without_a_reason() -> None:
    """A skip or an expected failure says why."""
    bare = [
        f"{tree.name(path)}:{number}"
        for path in _test_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"mark\.(skip|xfail)\s*$|mark\.(skip|xfail)\(\)|pytest\.(skip|xfail)\(\)", line)
    ]

    assert not bare


def test_no_file_names_a_registry_or_this_machine() -> None:
    """No committed file holds the address of a package registry or a path of the machine it was written on."""
    needles = re.compile(
        "|".join([*map(re.escape, REGISTRIES), *(rf"(?<![\w.}}/-]){re.escape(path)}" for path in THIS_MACHINE)])
    )

    found = [
        f"{tree.name(path)}:{number}"
        for path in tree.files()
        if not any(mark in tree.name(path) for mark in NOT_OURS)
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if needles.search(line)
    ]

    assert not found


def test_errors_are_never_swallowed() -> None:
    """No handler catches everything and goes on without a word."""
    swallowed = [
        f"{tree.name(path)}:{node.lineno}"
        for path in tree.files(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node)
        and all(isinstance(step, ast.Pass) for step in node.body)
    ]

    assert not swallowed


def _test_files() -> list[Path]:
    return [
        path for path in tree.files(".py") if tree.name(path).startswith("tests/") and path.name.startswith("test_")
    ]


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def _is_zero(node: ast.Call) -> bool:
    """`asyncio.sleep(0)` waits for nothing: it lets the others have their turn."""
    return len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # a picture or a fixture in another encoding
