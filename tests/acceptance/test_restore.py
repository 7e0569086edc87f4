"""A backup under load is restored elsewhere: all that it promises is there, and nothing is entered twice."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from baton.backup import manifest
from baton.data_folder import DataFolder
from core import clock
from records.database import Database
from records.intake import hand_in
from tests.acceptance.conftest import Running, started
from tests.acceptance.test_kills import until
from tests.support.journey import handed, report_of
from tests.support.patience import PATIENCE
from tests.support.processes import Program

BEFORE, MEANWHILE, AFTER = ("4700103", "4700105"), ("4700109", "4700111"), ("4700115",)
AT_SERVICE = "SELECT count(*) FROM cases WHERE stage = 'with_service'"
NUMBERS = "SELECT number FROM cases"
TICKETS_HELD = "SELECT count(*) FROM work_items WHERE system = 'servicedesk' AND held_behind IS NOT NULL"
LOOKED = "SELECT count(*) = 0 FROM gap_looks WHERE looked_at IS NULL"
THERE = "SELECT count(*) FROM gap_looks WHERE answer = 'there'"
DONE = "SELECT reference FROM work_items WHERE state = 'done'"
HELD = "SELECT count(*) FROM system_health WHERE state = 'isolated'"


@pytest.fixture
def elsewhere() -> Iterator[DataFolder]:
    """Another data folder, not made yet, and room beside it."""
    room = Path(tempfile.mkdtemp(prefix="baton-elsewhere-", dir="/tmp"))
    room.chmod(0o755)
    yield DataFolder(room / "data")
    shutil.rmtree(room)


async def _submitted(baton: Running, orders: tuple[str, ...]) -> dict[str, datetime]:
    """The numbers of cases, and when each was acknowledged."""
    database, numbers = Database(baton.at["BATON_DATABASE_URL"]), {}
    for order_no in orders:
        async with database.session() as session:
            receipt = await hand_in(session, handed(report_of(order_no)), clock.now())
        numbers[receipt.case_number] = clock.now()
    await database.close()
    return numbers


def _said(*arguments: str, **env: str) -> str:
    """What a verb says that ends well."""
    with Program("-m", "baton", *arguments, env=env) as program:
        status = program.end()
        assert status == 0, program.said
        return "\n".join(program.said)


def _rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return list(connection.execute(statement.encode()))


def _entered(baton: Running) -> Counter[str]:
    return Counter(baton.references("orderdesk") + baton.references("servicedesk"))


@pytest.mark.failure_mode("F58")
async def test_a_backup_under_load_is_restored_elsewhere(
    baton: Running, elsewhere: DataFolder, empty_database_url: str
) -> None:
    """F58: bots stay held over the gap; what was keyed after the backup is found, and nothing stands there twice.

    The service desk is out of use meanwhile, so that tickets are open in the backup which stand there at the loss.
    """
    room, here, old = elsewhere.path.parent, ("--data-dir", str(elsewhere.path)), str(baton.folder.path)
    backup, keys = room / "backup", room / "keys.json"
    _said("isolate", "servicedesk", "--reason", "it is slow", "--data-dir", old)
    acknowledged = await _submitted(baton, BEFORE)
    await asyncio.wait_for(until(baton, TICKETS_HELD, len(BEFORE)), PATIENCE)
    take = asyncio.to_thread(_said, "backup", str(backup), "--keys-to", str(keys), "--data-dir", old)
    _, meanwhile = await asyncio.gather(take, _submitted(baton, MEANWHILE))
    await asyncio.to_thread(_said, "resume", "servicedesk", "--reason", "it is quick", "--data-dir", old)
    await _submitted(baton, AFTER)
    await asyncio.wait_for(until(baton, AT_SERVICE, 5), PATIENCE)
    said = manifest.read(backup)
    promised, before_loss = said.rows["cases"], _entered(baton)
    await asyncio.to_thread(baton.program.stop)
    shutil.copytree(baton.folder.path / "demo", elsewhere.path / "demo")  # the systems outlive our loss

    there_too = ("--data-dir", str(room / "by-address"))
    put_back = ("restore", str(backup), "--keys", str(keys))
    await asyncio.to_thread(_said, *put_back, *there_too, BATON_DATABASE_URL=empty_database_url)
    told = await asyncio.to_thread(_said, *put_back, *here)
    with await asyncio.to_thread(started, elsewhere) as program:
        again = Running(program, elsewhere, elsewhere.read_environment())
        numbers, by_address = set(again.query(NUMBERS)), set(_rows(empty_database_url, NUMBERS))
        await asyncio.wait_for(until(again, LOOKED, 1), PATIENCE)
        there, shown = again.query(THERE)[0][0], await asyncio.to_thread(_said, "status", *here)
        await asyncio.wait_for(until(again, "SELECT count(*) FROM gone_processes", promised), PATIENCE)
        await asyncio.to_thread(_said, "recover", "--all", "--reason", "restored", *here)
        held, untouched = again.query(HELD), _entered(again)
        await asyncio.to_thread(_said, "resume", "--all", "--reason", "looked at the gap", *here)
        await asyncio.wait_for(until(again, AT_SERVICE, promised), PATIENCE)
        after, done = _entered(again), {reference for (reference,) in again.query(DONE)}
        await asyncio.to_thread(program.stop)

    in_time = {(number,) for number, at in meanwhile.items() if at < said.taken_at}
    assert {*in_time, *((number,) for number in acknowledged)} <= numbers
    assert numbers <= {(number,) for number in (*acknowledged, *meanwhile)}
    assert by_address == numbers
    assert _rows(empty_database_url, HELD) == [(4,)]
    assert there >= len(BEFORE)
    assert "Since the restore" in shown
    assert f"`baton recover --all {' '.join(here)} --reason ...`" in told
    assert held == [(4,)]
    assert untouched == before_loss
    assert after == before_loss
    assert set(before_loss.values()) == {1}
    assert len(done) == 2 * promised
    assert done <= set(after)
