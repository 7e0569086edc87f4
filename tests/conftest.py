"""What every room's tests share: which room a test is in, and the rule that nobody is asked to wait.

Fixtures of one room live beside its tests; the cast, factories and stand-ins live in `tests/support`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from records import access

pytest_plugins = ["tests.support.servers", "tests.support.floor", "tests.support.journey", "tests.support.eyes"]

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """House tests go first: they take seconds, and a broken wall is cheaper to see before the long tests."""
    items.sort(key=lambda item: "tests/house/" not in item.path.as_posix())


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHash]:
    """The hasher of passwords as it ships. Hundreds of tests sign people in: for them it is one that takes no time."""
    shipped = access._hasher
    access._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    yield shipped
    access._hasher = shipped
