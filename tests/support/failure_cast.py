"""Failures of one cause on the order desk, put into the records as the bots' tries leave them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from core.work_item import State
from failure.signature import Trouble
from records import attempts, bot_process, bot_version, items
from records.attempts import Runner
from records.bot_version import Announced
from records.database import Database
from records.failure import FailureGroup
from tests.support.change_cast import FIRST, intent

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SCREEN = "S31 DELIVERY FAILURE"
OLD, NEW = "orderdesk-2", "orderdesk-3"


async def fail(
    database: Database, count: int, now: datetime = NOW, *, first: int = FIRST, code: str = "screen_unexpected"
) -> list[uuid.UUID]:
    """So many entries that break at one screen before the click, each tried once with the old version."""
    made = []
    for number in range(first, first + count):
        async with database.session() as session:
            item = await items.create(session, intent(str(number)), now + timedelta(seconds=number - first))
            await break_again(session, item.id, now, code)
            made.append(item.id)
    return made


async def break_again(session: Any, item_id: uuid.UUID, now: datetime, code: str = "screen_unexpected") -> None:
    """One try at an item that is ready: it breaks before the click."""
    runner = Runner(host="bots-1", boot_id="b", worker_pid=1, bot_version=OLD)
    item = await items.view(session, item_id)
    tried = await attempts.claim(session, item_id, item.fence, runner, 60, now)
    assert tried is not None
    trouble = Trouble(screen=SCREEN, step="enter", message="the field Reason code is gone")
    move = items.Move(
        item_id=item_id,
        fence=tried.fence,
        to=State.BROKEN,
        event="item.broken",
        bump=False,
        values={"code": code},
        trouble=trouble,
    )
    assert await items.move(session, move, now)


async def goes_in(database: Database, item_id: uuid.UUID, now: datetime) -> None:
    """It is tried again and is entered, with nobody's doing."""
    async with database.session() as session:
        item = await items.view(session, item_id)
        for to in (State.READY, State.RUNNING, State.DONE):
            move = items.Move(item_id=item_id, fence=item.fence, to=to, event=f"item.{to.value}", bump=False)
            assert await items.move(session, move, now)


async def the_group(database: Database) -> FailureGroup:
    """The one group there is."""
    async with database.session() as session:
        return (await session.exec(select(FailureGroup))).one()


async def runs(database: Database, version: str, pid: int, at: datetime = NOW) -> uuid.UUID:
    """A bot process that runs this version of the order desk's bot."""
    async with database.session() as session:
        process = await bot_process.begin(session, "bots-1", pid, lambda _: True)
        one = Announced(system="orderdesk", environment="production", route="bot", version=version)
        await bot_version.announce(session, process, [one], at)
    return process


async def ends(database: Database, process: uuid.UUID) -> None:
    """That process is over."""
    async with database.session() as session:
        await bot_process.end(session, process)
