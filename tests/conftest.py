"""What every room's tests share: which room a test is in, and the rule that nobody is asked to wait.

Fixtures of one room live beside its tests; the cast, factories and stand-ins live in `tests/support`.
"""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.servers", "tests.support.floor", "tests.support.journey", "tests.support.eyes"]

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """House tests go first: they take seconds, and a broken wall is cheaper to see before the long tests."""
    items.sort(key=lambda item: "tests/house/" not in item.path.as_posix())
