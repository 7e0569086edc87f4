"""Who acts in the demo: ops hands the file in, an agent resolves half of the handoffs, and somebody pulls a plug.

Everything goes over the console's own addresses, with tokens of the demo users: the same rights, checks and Updates
that people use.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict
from sqlmodel import col, func, select
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from baton.demo_count import count
from baton.stack import Stack
from core import clock
from core.work_item import State
from fallbacks.health import Health, ways_of
from records.access import create_token
from records.database import Database
from records.handoff import Handoff
from records.submission import IntakeRow
from records.work_item import WorkItem

PATIENCE = httpx.Timeout(30)
LIFETIME = timedelta(hours=1)
"""Longer than any demo; the tokens are told to nobody."""


class HandedFile(BaseModel):
    """What became of the file's rows."""

    model_config = ConfigDict(frozen=True)

    page: str
    rows: int
    accepted: int
    rejected: int


async def tokens(database: Database, now: datetime) -> dict[str, str]:
    """A token for the demo's ops person and agent."""
    async with database.session() as session:
        return {
            role: await create_token(session, f"{role}@example.org", "demo", LIFETIME, now) for role in ("ops", "agent")
        }


class Player:
    """Plays the people of the demo; `told` is what they did, in their words."""

    def __init__(self, stack: Stack, database: Database, of: dict[str, str]) -> None:
        self._addresses = stack.environment()
        self._database = database
        self._tokens = of
        self.told: list[str] = []

    # -- ops ----------------------------------------------------------------------------------------------------

    async def hand_in(self, rows: Path) -> HandedFile:
        """Upload the file, look at what was found, press *Start*."""
        async with self._as("ops") as ops:
            answer = await ops.post("/files", files={"file": (rows.name, await asyncio.to_thread(rows.read_bytes))})
            page = _redirected(answer)
            _redirected(await ops.post(f"{page}/starts"))
        file_id = page.rsplit("/", 1)[-1]
        async with self._database.session() as session:
            of_file = col(IntakeRow.file_id) == file_id
            every = (await session.exec(select(func.count()).select_from(IntakeRow).where(of_file))).one()
            bad = col(IntakeRow.problem).is_not(None)
            rejected = (await session.exec(select(func.count()).select_from(IntakeRow).where(of_file, bad))).one()
        return HandedFile(page=page, rows=every, accepted=every - rejected, rejected=rejected)

    # -- the agent and the plug ---------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Resolve every second handoff; in the meantime two faults come and go."""
        await asyncio.gather(self._commit_without_an_answer(), self._outage(), self._agent())

    async def _agent(self) -> None:
        """Pick up and resolve half of the handoffs, until nothing is on its way to the desk any more."""
        seen: list[Any] = []
        async with self._as("agent") as agent:
            while not (await count(self._database, {})).at_rest or await self._fresh(seen):
                for handoff in await self._fresh(seen):
                    seen.append(handoff["case_number"])
                    if len(seen) % 2:
                        await self._resolve(agent, handoff)
                await asyncio.sleep(0.5)
        self.told.append(f"The agent resolved {(len(seen) + 1) // 2} of {len(seen)} handoffs; the others wait.")

    async def _resolve(self, agent: httpx.AsyncClient, handoff: dict[str, Any]) -> None:
        number, packet = handoff["case_number"], handoff["packet"]
        await _taken(agent, f"/api/cases/{number}/pickups")
        await _taken(agent, f"/api/cases/{number}/resolutions", json={"resolution": _choice(packet, clock.now())})

    async def _fresh(self, seen: list[Any]) -> list[dict[str, Any]]:
        async with self._database.session() as session:
            found = await session.exec(
                select(Handoff)
                .where(Handoff.state == "offered", Handoff.kind == "service")
                .order_by(col(Handoff.offered_at))
            )
            every = [{"case_number": one.packet["case_number"], "packet": one.packet} for one in found]
        return [handoff for handoff in every if handoff["case_number"] not in seen]

    async def _commit_without_an_answer(self) -> None:
        """The order desk saves one change and answers with an error: nobody knows, until the bot has looked."""
        await self._once(lambda item: item.operation == "mark_failed_delivery" and item.state is State.DONE)
        await self._fault("orderdesk", commit_then_500=1)
        self.told.append("The order desk will save its next change and answer with an error 500.")
        doubted = await self._once(lambda item: item.state is State.UNKNOWN or item.adopted)
        self.told.append(
            f"An entry on the order desk is unknown ({doubted.reference}): it is looked for, not repeated."
        )

    async def _outage(self) -> None:
        """The service desk goes down until entries are held for it; once it is up, somebody says to try it again."""
        await self._once(lambda item: item.system == "servicedesk" and item.state is State.DONE)
        await self._fault("servicedesk", down=True)
        self.told.append("The service desk is down.")
        held = await self._once(lambda item: item.system == "servicedesk" and item.held_behind is not None)
        await self._fault("servicedesk", down=False)
        ways = ways_of("servicedesk")
        await Health(self._database).resume(ways, by="supervisor@example.org", why="it is up again")
        self.told.append(f"Tickets wait for it ({held.reference} first); it is up again, and they go on in order.")

    async def _once(self, wanted: Any) -> WorkItem:
        """The first work item that is as wanted, as soon as there is one."""
        while True:
            async with self._database.session() as session:
                for item in await session.exec(select(WorkItem)):
                    if wanted(item):
                        return item
            await asyncio.sleep(0.3)

    async def _fault(self, system: str, **switches: Any) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            url = f"{self._addresses[f'BATON_{system.upper()}_URL']}/faults"
            (await client.post(url, json=switches)).raise_for_status()

    def ledgers(self) -> dict[str, list[dict[str, Any]]]:
        """What the systems committed, row by row."""
        return {
            system: httpx.get(f"{self._addresses[f'BATON_{system.upper()}_URL']}/ledger.json", timeout=PATIENCE).json()
            for system in ("orderdesk", "servicedesk")
        }

    def _as(self, role: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self._tokens[role]}"}
        return httpx.AsyncClient(base_url=self._addresses["BATON_CONSOLE_URL"], headers=headers, timeout=PATIENCE)


def _not_now(error: BaseException) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.SERVICE_UNAVAILABLE


@retry(retry=retry_if_exception(_not_now), wait=wait_fixed(2), stop=stop_after_delay(120), reraise=True)
async def _taken(agent: httpx.AsyncClient, path: str, **body: Any) -> None:
    """Press it; whoever is told that nobody answers now, and that nothing was changed, presses again."""
    (await agent.post(path, **body)).raise_for_status()


def _redirected(answer: httpx.Response) -> str:
    if not answer.is_redirect:
        answer.raise_for_status()
        raise RuntimeError(f"{answer.url} answered {answer.status_code} and led nowhere")
    return answer.headers["location"]


def _choice(packet: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What an agent would choose: the first that the packet allows."""
    order = packet["order"]
    if "correct_address" in packet["allowed"] and packet["cause"] == "address":
        number = f"{order['house_no']}b"[-4:]
        address = {name: order[name] for name in ("street", "postcode", "city")}
        return {"kind": "correct_address", **address, "house_no": number, "note": "Customer gave the right number."}
    if "reschedule" in packet["allowed"]:
        day = (now + timedelta(days=3)).date().isoformat()
        return {"kind": "reschedule", "delivery_date": day, "window_code": "2", "note": "Agreed with the customer."}
    return {"kind": "close", "note": "Nothing can be keyed for this one; the customer was called."}
