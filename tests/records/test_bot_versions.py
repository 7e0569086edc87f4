"""Which versions of bots run where, and since when: each process says so at its start."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from baton.bots_worker import announced
from bots.kit.contract import RouteKey
from records import bot_process, bot_version
from records.bot_version import Announced, RouteVersions
from records.database import Database
from tests.activities.shop import Shop
from tests.records.conftest import NOW


async def begins(database: Database, version: str, pid: int, at: datetime = NOW) -> uuid.UUID:
    """A bot process that runs this version of the order desk's bot."""
    async with database.session() as session:
        process = await bot_process.begin(session, "bots-1", pid, lambda _: True)
        runs = [Announced(system="orderdesk", environment="production", route="bot", version=version)]
        await bot_version.announce(session, process, runs, at)
    return process


async def deployed(database: Database) -> list[RouteVersions]:
    """What is deployed."""
    async with database.session() as session:
        return await bot_version.deployed(session)


def test_a_process_announces_every_route_that_it_opened() -> None:
    """Those of extensions too: whatever was opened is announced, with the version of its own code."""
    found = announced({RouteKey("shop", "bot", "test"): Shop()})

    assert found == [Announced(system="shop", environment="test", route="bot", version=Shop.version)]


async def test_a_version_is_known_since_its_first_word(database: Database) -> None:
    """A second process with the same version changes nothing of since when; both are listed as running it."""
    await begins(database, "orderdesk-2", 1)
    await begins(database, "orderdesk-2", 2, NOW + timedelta(hours=1))

    (way,) = await deployed(database)

    assert [(one.version, one.first_seen_at, [run.pid for run in one.runs]) for one in way.running] == [
        ("orderdesk-2", NOW, [1, 2])
    ]


@pytest.mark.parametrize("gone", ["ended", "silent"])
async def test_a_process_that_is_gone_runs_nothing(gone: str, database: Database) -> None:
    """Ended, or not heard of for a minute: its version stays known, and only the newer one runs."""
    old = await begins(database, "orderdesk-2", 1)
    await begins(database, "orderdesk-3", 2, NOW + timedelta(hours=1))
    async with database.session() as session:
        if gone == "ended":
            await bot_process.end(session, old)
        else:
            silent = text("UPDATE bot_processes SET seen_at = seen_at - interval '1 minute' WHERE id = :id")
            await (await session.connection()).execute(silent, {"id": old})

    (way,) = await deployed(database)

    assert [one.version for one in way.versions] == ["orderdesk-3", "orderdesk-2"]
    assert [one.version for one in way.running] == ["orderdesk-3"]


async def test_what_a_forgotten_process_ran_goes_with_its_row(database: Database) -> None:
    """A day after its last sign of life the process's row goes, and what it ran does not stand in the way."""
    old = await begins(database, "orderdesk-2", 1)
    async with database.session() as session:
        ages = text("UPDATE bot_processes SET seen_at = seen_at - interval '2 days' WHERE id = :id")
        await (await session.connection()).execute(ages, {"id": old})

    await begins(database, "orderdesk-2", 2)

    (way,) = await deployed(database)
    assert [run.pid for run in way.running[0].runs] == [2]
