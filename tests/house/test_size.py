"""House rule: files and functions stay small. The exceptions are a list that may only shrink."""

import ast

from tests.house import tree

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

# Name of the file: (lines it may have, the reason). Never raise a number, never add a line without a reason.
LONG_FILES: dict[str, tuple[int, str]] = {}
# "file:function": (lines it may have, the reason).
LONG_FUNCTIONS: dict[str, tuple[int, str]] = {}

CODE = (".py", ".js", ".css", ".html", ".sh")
# A migration is written by Alembic, once, and never edited again: shorter files would only be more files.
MIGRATIONS = "records/migrations/versions/"
# Old screens and stories are told in one go.
FREE_OF_FUNCTION_LENGTH = ("demo/", "tests/", MIGRATIONS)


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    """Every source file has at most 300 lines, or the number its exception allows."""
    long = {
        tree.name(path): lines
        for path in tree.files(*CODE)
        if "/vendor/" not in tree.name(path)
        and not tree.name(path).startswith(MIGRATIONS)
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > _ceiling(tree.name(path))
    }

    assert not long, f"split these by their nouns: {long}"


def test_no_function_is_longer_than_a_screen() -> None:
    """Every function outside demo and tests has at most 40 lines, or the number its exception allows."""
    long = {key: lines for key, lines in _function_lengths().items() if lines > _function_ceiling(key)}

    assert not long, f"give the parts of these names of their own: {long}"


def test_the_exceptions_only_shrink() -> None:
    """An exception that is no longer needed, or allows more than is used, is taken off the list."""
    lengths = {tree.name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tree.files(*CODE)}
    lengths |= _function_lengths()

    loose = {key: allowed for key, (allowed, _) in (LONG_FILES | LONG_FUNCTIONS).items() if lengths.get(key) != allowed}

    assert not loose, f"lower or remove these exceptions, to {[lengths.get(key) for key in loose]}: {loose}"


def _function_lengths() -> dict[str, int]:
    return {
        f"{tree.name(path)}:{node.name}": _lines(node)
        for path in tree.files(".py")
        if not tree.name(path).startswith(FREE_OF_FUNCTION_LENGTH)
        for node in tree.functions(path)
    }


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _ceiling(name: str) -> int:
    return LONG_FILES[name][0] if name in LONG_FILES else LONGEST_FILE


def _function_ceiling(key: str) -> int:
    return LONG_FUNCTIONS[key][0] if key in LONG_FUNCTIONS else LONGEST_FUNCTION
