"""Leases by the database's time: one holder, given back, run out, or freed after a death."""

from collections.abc import Awaitable, Callable
from typing import Any

from records import lease
from records.database import Database

KEY = "account/orderdesk/bot01"


async def ask(database: Database, question: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """One question in a transaction of its own."""
    async with database.session() as session:
        return await question(session, *arguments)


async def test_a_lease_has_one_holder_until_it_is_given_back(database: Database) -> None:
    """A second holder gets nothing while the first one lives, then a higher fence; the first one cannot renew."""
    first = await ask(database, lease.acquire, KEY, "here/1", 60)
    refused = await ask(database, lease.acquire, KEY, "here/2", 60)
    await ask(database, lease.release, KEY, "here/2")
    still = await ask(database, lease.renew, KEY, "here/1", 60)
    await ask(database, lease.release, KEY, "here/1")

    second = await ask(database, lease.acquire, KEY, "here/2", 60)

    assert (first, refused, still, second) == (1, None, True, 2)
    assert not await ask(database, lease.renew, KEY, "here/1", 60)


async def test_a_lease_that_ran_out_is_free(database: Database) -> None:
    """Nobody has to give it back: what is not renewed ends by itself, and cannot be renewed afterwards."""
    await ask(database, lease.acquire, KEY, "here/1", 0)

    late = await ask(database, lease.renew, KEY, "here/1", 60)
    taken = await ask(database, lease.acquire, KEY, "here/2", 60)

    assert (late, taken) == (False, 2)


async def test_the_leases_of_the_dead_are_freed(database: Database) -> None:
    """A restarted worker takes at once what the dead of its own boot and process space held, and nothing else."""
    holders = ["here/now/1/1@5.0/a", "here/now/1/2@5.0/b", "here/now/2/1@5.0/c", "here/then/1/1@5.0/d", "there/1/c"]
    for number, holder in enumerate(holders):
        await ask(database, lease.acquire, f"{KEY}/{number}", holder, 60)

    freed = await ask(database, lease.free_dead, "here/now/1", lambda pid, started: (pid, started) == (2, 5.0))

    assert freed == 1
    taken = [await ask(database, lease.acquire, f"{KEY}/{number}", "new/9", 60) for number in range(5)]
    assert [fence is not None for fence in taken] == [True, False, False, False, False]
