"""All workers killed under load, with every handoff open: what is lost, what is twice, and which clocks are wrong."""

import asyncio
from collections import Counter

from pydantic import BaseModel
from sqlmodel import col, func, select

from benchmarks.handoff_sides import AT_ONCE, BatonSide
from handoff.states import OPEN
from records import clocks
from records.handoff import Handoff
from records.trail import Event


class Left(BaseModel):
    """What the storm left behind. `lost` and `doubled` are handoffs and acts; `differing` clocks of `clocks`."""

    kills: int
    acts: int
    lost: int
    doubled: int
    clocks: int
    differing: int

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, every clock the one that its events tell of."""
        return not (self.lost or self.doubled or self.differing)

    def sentence(self) -> str:
        """For the terminal."""
        made = f"{self.clocks} clocks made again from their events, {self.differing} differ"
        return f"{self.lost} lost, {self.doubled} doubled; {made}."


async def storm(side: BatonSide, kills: int) -> Left:
    """An act on every handoff, with the worker killed and started again at even distances."""
    done, room = 0, asyncio.Semaphore(AT_ONCE)

    async def act(count: int) -> None:
        nonlocal done
        async with room:
            await side.note(side.every[count], f"storm-{count}")
        done += 1

    acts = [asyncio.create_task(act(count)) for count in range(len(side.every))]
    for kill in range(1, kills + 1):
        await _until(lambda kill=kill: done >= len(acts) * kill // (kills + 1), acts)
        await side.kill()
        await side.new_worker()
    await asyncio.gather(*acts)
    return await _left(side, kills)


async def _until(reached: object, acts: list[asyncio.Task[None]]) -> None:
    assert callable(reached)
    waiting = {task for task in acts if not task.done()}
    while waiting and not reached():
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


async def _left(side: BatonSide, kills: int) -> Left:
    async with side.database.session() as session:
        counting = select(func.count()).select_from(Handoff).where(col(Handoff.state).in_(OPEN))
        kept_open = (await session.exec(counting)).one()
        noted = await session.exec(select(Event).where(Event.name == "handoff.noted"))
        told = Counter(event.data["text"] for event in noted if event.data["text"].startswith("storm-"))
        checked = await clocks.check(session)
    running = await side.client.count_workflows("WorkflowType = 'HandoffWorkflow' AND ExecutionStatus = 'Running'")
    wanted = len(side.every)
    return Left(
        kills=kills,
        acts=wanted,
        lost=(wanted - min(kept_open, running.count)) + (wanted - len(told)),
        doubled=sum(count - 1 for count in told.values()),
        clocks=checked.clocks,
        differing=len(checked.differing),
    )
