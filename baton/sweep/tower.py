"""Where all bots of a sweep say which point they reach: it strikes the one that is meant, and lets the others go on."""

import asyncio
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlmodel import col, select

from baton.sweep import victims
from baton.sweep.plan import Blow
from records.database import Database
from records.work_item import Attempt, WorkItem

SILENCE = 9.0
"""How long a desk that fell silent answers nobody: longer than a bot waits for a page."""
LATE = 3.0
"""How late a desk commits: below the settle window, or nothing could be promised."""
KILLED_MEANWHILE = 1.0


@dataclass
class Struck:
    """An item that is to be struck: what was reached so far, and whether the blow fell."""

    system: str
    blow: Blow
    reached: Counter[str] = field(default_factory=Counter)
    fell: bool = False


class Tower:
    """Listens on a socket; `desks` are the addresses of the demo systems, `lease` the lease in seconds."""

    def __init__(self, socket: Path, database: Database, desks: dict[str, str], lease: float) -> None:
        self.socket = socket
        self._database = database
        self._desks = desks
        self._lease = lease
        self._armed: dict[str, Struck] = {}
        self._server: asyncio.Server | None = None
        self._later: set[asyncio.Task[None]] = set()
        self._paused: list[psutil.Process] = []
        self._spared = 0

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._hear, self.socket)

    async def close(self) -> None:
        """Let everybody go on."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        victims.resume(self._paused)
        if self._server is not None:
            self._server.close()

    def arm(self, item: uuid.UUID, system: str, blow: Blow) -> None:
        """Strike that item when it reaches the point."""
        self._armed[str(item)] = Struck(system, blow)

    def spare(self, bot: int) -> None:
        """Never strike that bot process, nor its driver, without which it ends."""
        self._spared = bot

    def fell(self, item: uuid.UUID) -> bool:
        """Whether the blow fell; what is still paused goes on by itself."""
        return self._armed[str(item)].fell

    async def quiet(self) -> None:
        """Wait until nothing is paused and no desk is in trouble any more."""
        while self._later:
            await asyncio.wait(self._later)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            told = json.loads(await reader.readline() or b"{}")
            struck = self._armed.get(told.get("about", ""))
            if struck is not None and not struck.fell:
                await self._reached(struck, told)
            writer.write(b"1")
            await writer.drain()
        except ConnectionError:
            pass  # the process that asked was killed
        finally:
            writer.close()

    async def _reached(self, struck: Struck, told: dict[str, Any]) -> None:
        blow = struck.blow
        struck.reached[told["point"]] += 1
        if told["point"] != blow.point or struck.reached[blow.point] < blow.nth:
            return
        if blow.victim == "desk":
            struck.fell = True
            await self._trouble(struck, told["pid"])
            return
        if told["pid"] == self._spared and blow.victim in ("bot", "driver"):
            return
        found = victims.of(blow.victim, told["pid"], await self._browser(struck.system, told))
        if not found:
            return
        struck.fell = True
        if blow.action == "kill":
            victims.kill(found)
            await asyncio.to_thread(psutil.wait_procs, found, 2)
        else:
            victims.suspend(found)
            self._paused += found
            self._afterwards(self._go_on(found, blow.leases * self._lease))

    async def _browser(self, system: str, told: dict[str, Any]) -> int | None:
        """The browser of the newest job of that process on that system: this one's, or the one before it left warm."""
        wanted = (
            select(Attempt.browser_pid)
            .join(WorkItem, col(WorkItem.id) == col(Attempt.item_id))
            .where(WorkItem.system == system, Attempt.worker_pid == told["pid"], col(Attempt.browser_pid).is_not(None))
            .order_by(col(Attempt.started_at).desc())
            .limit(1)
        )
        async with self._database.session() as session:
            return (await session.exec(wanted)).one_or_none()

    async def _trouble(self, struck: Struck, bot: int) -> None:
        url = f"{self._desks[struck.system]}/faults"
        switch, on, seconds = {
            "commit_then_500": ("commit_then_500", 1, 0.0),
            "silent": ("reply_delay_seconds", SILENCE, 1.0),
            "late": ("commit_late_seconds", LATE, KILLED_MEANWHILE),
        }[struck.blow.action]
        await _switch(url, **{switch: on})
        if seconds:
            doomed = victims.of("bot", bot, None) if struck.blow.action == "late" else []
            self._afterwards(self._over(url, switch, seconds, doomed))

    async def _go_on(self, found: list[psutil.Process], seconds: float) -> None:
        await asyncio.sleep(seconds)
        victims.resume(found)

    async def _over(self, url: str, switch: str, seconds: float, doomed: list[psutil.Process]) -> None:
        """What began while the switch was on keeps its trouble; what comes later has none."""
        await asyncio.sleep(seconds)
        victims.kill(doomed)
        await _switch(url, **{switch: 0})

    def _afterwards(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)


async def _switch(url: str, **switches: float) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        (await client.post(url, json=switches)).raise_for_status()
