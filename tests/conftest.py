"""What every room's tests share: which room a test is in, and the rule that nobody is asked to wait.

Fixtures of one room live beside its tests; the cast, factories and stand-ins live in `tests/support`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from activities import job_log
from bots.kit import browser, driver, evidence, layouts, page, sign_in
from records import access
from tests.support.patience import PATIENCE

pytest_plugins = [
    "tests.support.servers",
    "tests.support.s3_server",
    "tests.support.floor",
    "tests.support.journey",
    "tests.support.eyes",
    "tests.support.next_build",
]

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is no failure: an example may take as long as it takes, and so may thinking of one.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """House tests go first: they take seconds, and a broken wall is cheaper to see before the long tests.

    Then come those that take minutes: begun last, one of them would keep all others waiting for its end.
    """
    first = ("/tests/house/", "/tests/acceptance/")
    items.sort(key=lambda item: next((at for at, room in enumerate(first) if room in item.path.as_posix()), len(first)))


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHash]:
    """The hasher of passwords as it ships. Hundreds of tests sign people in: for them it is one that takes no time."""
    shipped = access._hasher
    access._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    yield shipped
    access._hasher = shipped


@pytest.fixture(scope="session", autouse=True)
def patient_with_browsers() -> Iterator[None]:
    """A browser of a test may be slow to start and its evidence slow to come; whoever shows the end sets it short."""
    with pytest.MonkeyPatch.context() as patch:
        for starts in (browser, driver, page):
            patch.setattr(starts, "LAUNCH_SECONDS", PATIENCE)
        for keeps in (evidence, job_log, layouts, sign_in):
            patch.setattr(keeps, "EVIDENCE_SECONDS", PATIENCE)
        yield


@pytest.fixture(autouse=True)
def surroundings_as_before() -> Iterator[None]:
    """What a command that runs in our own process learns of its surroundings is nothing that the next test knows."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
