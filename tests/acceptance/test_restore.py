"""A backup under load is restored elsewhere: all that it promises is there, and nothing is entered twice."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
HELD = "SELECT count(*) FROM system_health WHERE state = 'isolated'"


@pytest.fixture
def elsewhere() -> Iterator[DataFolder]:
    """Another data folder, not made yet, and room beside it."""
    room = Path(tempfile.mkdtemp(prefix="baton-elsewhere-", dir="/tmp"))
    room.chmod(0o755)
    yield DataFolder(room / "data")
    shutil.rmtree(room)


async def _submitted(baton: Running, orders: tuple[str, ...]) -> list[str]:
    """The numbers of cases that were acknowledged."""
    database, numbers = Database(baton.at["BATON_DATABASE_URL"]), []
    for order_no in orders:
        async with database.session() as session:
            numbers.append((await hand_in(session, handed(report_of(order_no)), clock.now())).case_number)
    await database.close()
    return numbers


def _said(*arguments: str) -> str:
    """What a verb says that ends well."""
    with Program("-m", "baton", *arguments) as program:
        status = program.end()
        assert status == 0, program.said
        return "\n".join(program.said)


def _entered(baton: Running) -> Counter[str]:
    return Counter(baton.references("orderdesk") + baton.references("servicedesk"))


@pytest.mark.failure_mode("F58")
async def test_a_backup_under_load_is_restored_elsewhere(baton: Running, elsewhere: DataFolder) -> None:
    """F58: bots stay held over the gap; what was keyed after the backup is found, and nothing stands there twice."""
    room, here = elsewhere.path.parent, ("--data-dir", str(elsewhere.path))
    backup, keys = room / "backup", room / "keys.json"
    acknowledged = await _submitted(baton, BEFORE)
    take = asyncio.to_thread(_said, "backup", str(backup), "--keys-to", str(keys), "--data-dir", str(baton.folder.path))
    _, meanwhile = await asyncio.gather(take, _submitted(baton, MEANWHILE))
    await _submitted(baton, AFTER)
    await asyncio.wait_for(until(baton, AT_SERVICE, 5), PATIENCE)
    promised = manifest.read(backup).rows["cases"]
    before_loss = _entered(baton)
    await asyncio.to_thread(baton.program.stop)
    shutil.copytree(baton.folder.path / "demo", elsewhere.path / "demo")  # the systems outlive our loss

    await asyncio.to_thread(_said, "restore", str(backup), "--keys", str(keys), *here)
    with await asyncio.to_thread(started, elsewhere) as program:
        again = Running(program, elsewhere, elsewhere.read_environment())
        numbers = {number for (number,) in again.query("SELECT number FROM cases")}
        await asyncio.wait_for(until(again, "SELECT count(*) FROM gone_processes", promised), PATIENCE)
        await asyncio.to_thread(_said, "recover", "--all", "--reason", "restored", *here)
        held, untouched = again.query(HELD), _entered(again)
        await asyncio.to_thread(_said, "resume", "--all", "--reason", "looked at the gap", *here)
        await asyncio.wait_for(until(again, AT_SERVICE, promised), PATIENCE)
        after = _entered(again)
        await asyncio.to_thread(program.stop)

    assert set(acknowledged) <= numbers <= {*acknowledged, *meanwhile}
    assert held == [(4,)]
    assert untouched == before_loss
    assert after == before_loss
    assert set(before_loss.values()) == {1}
