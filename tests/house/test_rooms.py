"""House rule: the rooms, and who may import whom. import-linter holds the walls; this holds import-linter."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.house import tree


def test_import_walls_hold() -> None:
    """Every import contract of pyproject.toml is kept."""
    linter = Path(sys.executable).parent / "lint-imports"

    result = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


def test_every_room_is_behind_a_wall() -> None:
    """The folders with code are exactly the root packages of import-linter: an unlisted room would pass in silence."""
    listed = set(_linter()["root_packages"])

    assert tree.rooms() == listed, "list it in root_packages and its layer, or name it in NOT_ROOMS with a reason"


def test_every_room_has_a_layer() -> None:
    """Each root package stands in one layer, and no layer is optional once its room exists; demo stands outside."""
    layers = next(contract for contract in _linter()["contracts"] if contract["type"] == "layers")["layers"]
    standing = [room.strip() for layer in layers for room in layer.split("|")]
    firm = [room for room in standing if not room.startswith("(")]

    assert sorted([*firm, *(tree.rooms() & {"demo"})]) == sorted(tree.rooms())


def test_no_installed_package_bears_the_name_of_a_room() -> None:
    """Nothing that pip installed provides a top-level module with a room's name, which would hide the room."""
    provided = importlib.metadata.packages_distributions()
    clashes = {room: provided[room] for room in tree.rooms() | {"tests", "scripts"} if room in provided}

    assert not clashes


def test_rooms_carry_plain_names() -> None:
    """No folder is a drawer for everything."""
    drawers = {"utils", "util", "common", "helpers", "misc", "lib", "shared", "manager", "managers"}

    found = sorted(
        {part for path in tree.files(".py") for part in path.relative_to(tree.ROOT).with_suffix("").parts} & drawers
    )

    assert not found


def _linter() -> dict[str, Any]:
    tool: Any = tree.pyproject()["tool"]
    linter: dict[str, Any] = tool["importlinter"]
    return linter


def test_the_set_up_needs_nothing_installed() -> None:
    """The set-up and the browser finder load with the standard library alone."""
    code = "import scripts.set_up, scripts.lock, bots.kit.browser_path"

    result = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
