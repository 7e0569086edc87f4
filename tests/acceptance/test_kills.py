"""Whatever process is killed, every open case goes on, and nothing is entered twice."""

import asyncio
import os
import signal
from collections import Counter

import psutil

from core import clock
from records.database import Database
from records.intake import hand_in
from tests.acceptance.conftest import Running, started
from tests.support.journey import handed, listening, report_of
from tests.support.patience import PATIENCE, STOPPED
from tests.support.processes import family_of, left_of, parts_of

ORDERS = ("4700103", "4700105", "4700109", "4700111")
SYSTEMS = ("orderdesk", "servicedesk", "fieldboard", "mail")
KILLED = ("bots", "worker", "temporal", "postgres", *SYSTEMS, "ticks", "console")


async def until(baton: Running, statement: str, wanted: int) -> None:
    """Wait until the statement counts that many, asked anew whenever a case changes or a second has passed."""
    while baton.query(statement)[0][0] < wanted:
        async with listening(baton.at["BATON_DATABASE_URL"]) as notified:
            await notified()


async def back(baton: Running, part: str, pid: int) -> None:
    """Wait until the part runs as another process."""
    while parts_of(baton.folder.record).get(part, pid) == pid:
        await asyncio.to_thread(os.sched_yield)


async def test_any_part_may_die(baton: Running) -> None:
    """`kill -9` of each part while cases are under way: all reach service, each system has one row for each intent.

    Then SIGTERM ends everything within 15 s, and the next start has the same cases.
    """
    database = Database(baton.at["BATON_DATABASE_URL"])
    for order_no in ORDERS:
        async with database.session() as session:
            await hand_in(session, handed(report_of(order_no)), clock.now())
    await database.close()

    for part in KILLED:
        pid = parts_of(baton.folder.record)[part]
        psutil.Process(pid).send_signal(signal.SIGKILL)
        await asyncio.wait_for(back(baton, part, pid), PATIENCE)
    at_service = "SELECT count(*) FROM cases WHERE stage = 'with_service'"
    await asyncio.wait_for(until(baton, at_service, len(ORDERS)), PATIENCE)
    references = Counter(baton.references("orderdesk") + baton.references("servicedesk"))
    family = family_of(baton.folder.record)
    took = await asyncio.to_thread(baton.program.stop)

    assert len(references) == 2 * len(ORDERS)
    assert [part for part in KILLED if not any(f"{part} is back" in line for line in baton.program.said)] == []
    assert set(references.values()) == {1}
    assert took < STOPPED
    assert left_of(family) == []
    with await asyncio.to_thread(started, baton.folder) as again:
        after = Running(again, baton.folder, baton.folder.read_environment())
        assert after.query(at_service) == [(len(ORDERS),)]
        await asyncio.to_thread(again.stop)
