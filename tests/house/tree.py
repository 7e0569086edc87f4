"""What the house tests read: the files of this checkout, as git knows them, and the rooms."""

import ast
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# Folders that are no rooms, each with the reason why no import contract speaks of it.
NOT_ROOMS = {
    "tests": "it may look into every room, and nobody looks into it",
    "docs": "words",
    "deploy": "recipes, no code",
    "benchmarks": "it measures from outside, as a user would",
    "scripts": "set-up runs before anything can be imported; standard library only",
    "var": "the default data folder, made by running",
    "node_modules": "made by a tool",
}
MADE_BY_TOOLS = {".venv", "var", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".git"}


@cache
def files(*endings: str) -> tuple[Path, ...]:
    """Every committed or committable file with one of these endings (all files when none is named)."""
    paths = (path for path in _listed() if path.is_file() and not path.is_symlink())
    return tuple(sorted(path for path in paths if not endings or path.suffix in endings))


@cache
def _listed() -> tuple[Path, ...]:
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return tuple(ROOT / name for name in listed.split("\0") if name)
    # An unpacked archive has no git: then everything counts but what tools made.
    return tuple(path for path in ROOT.rglob("*") if not MADE_BY_TOOLS & set(path.relative_to(ROOT).parts))


def name(path: Path) -> str:
    """The path as a person writes it: relative to the root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def rooms() -> set[str]:
    """The folders at the root that hold Python code and are no exception."""
    tops = {name(path).split("/")[0] for path in files(".py") if "/" in name(path)}
    return tops - NOT_ROOMS.keys()


def pyproject() -> dict[str, dict[str, object]]:
    """The tables of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
