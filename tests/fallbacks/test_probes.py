"""Probes: what a system answers is what they say of it, and none of them can write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core import clock
from fallbacks.breaker import Patience, Source
from fallbacks.health import Health
from fallbacks.probes import Place, Probes
from records.database import Database
from systems.base import System
from systems.probe import Probe
from systems.registry import SYSTEMS
from systems.seating import Seatings
from systems.way import Way, WayState
from tests.support.patience import PATIENCE

Answers = Callable[[asyncio.StreamWriter], Awaitable[None]]
QUICK = Patience(calm_seconds=0.001, worried_seconds=0.001)


def says(status: str, body: str) -> Answers:
    """An answer with that status and body."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        text = body.encode()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)

    return answer


async def cuts(writer: asyncio.StreamWriter) -> None:
    """An answer that breaks off."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nSHOP")


async def hangs(writer: asyncio.StreamWriter) -> None:
    """No answer as long as anybody waits for one."""
    await writer.wait_closed()


@asynccontextmanager
async def serving(answers: Answers, heard: list[bytes]) -> AsyncIterator[str]:
    """A system that answers so; what it heard, and its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readline()).strip())
        if answers is hangs:
            await reader.read()
        else:
            await answers(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (says("200 OK", "SHOP S00"), ""),
        (says("404 Not Found", "SHOP: nothing here"), ""),
        (says("503 Service Unavailable", "SHOP is down"), "system_down"),
        (says("200 OK", "It works! Apache"), "wrong_application"),
        (cuts, "system_down"),
        (hangs, "too_slow"),
    ],
    ids=["its page", "a no", "503", "another application", "cut off", "no answer"],
)
async def test_a_probe_says_what_the_system_answered(
    database: Database, monkeypatch: pytest.MonkeyPatch, answers: Answers, code: str
) -> None:
    """One read of the declared page, and the code of what was wrong with it; a page of somebody else is wrong too."""
    shop = System("shop", "Shop", ("s1",), {}, 45, probe=Probe("/page", expects="SHOP"))
    monkeypatch.setitem(SYSTEMS, "shop", shop)
    heard: list[bytes] = []
    async with serving(answers, heard) as address:
        probes = Probes(Health(database, QUICK), [Place("shop", "production", address)], Seatings(), seconds=1)
        probed = await probes.run_once(clock.now())

    (row,) = await Health(database).standing(clock.now())
    assert (probed, heard, row.way) == (1, [b"GET /page HTTP/1.1"], Way("shop"))
    assert (row.code, row.failures) == (code, 1 if code else 0)


async def test_a_system_that_hangs_keeps_no_other_from_being_probed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one gives no answer it is asked once, and the other one at every beat."""
    for name in ("shop", "mill"):
        monkeypatch.setitem(SYSTEMS, name, System(name, name.title(), ("s1",), {}, 45, probe=Probe("/page")))
    stuck: list[bytes] = []
    well: list[bytes] = []
    async with serving(hangs, stuck) as shop, serving(says("200 OK", "MILL"), well) as mill:
        places = [Place("shop", "production", shop), Place("mill", "production", mill)]
        probes = Probes(Health(database, QUICK), places, Seatings(), seconds=PATIENCE, beat=0.01)
        async with asyncio.timeout(PATIENCE):
            while len(well) < 3:
                await probes.run_once(clock.now())
    left = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__qualname__", "") == "Probes._probe"]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)

    assert len(stuck) == 1


@pytest.mark.parametrize(
    ("path", "method", "sentence"),
    [("/orders", "POST", "may only read"), ("http://else.example", "GET", "stays at"), ("//else", "GET", "stays at")],
)
def test_a_probe_that_would_write_or_leave_is_refused_where_it_is_declared(
    path: str, method: str, sentence: str
) -> None:
    """One clear sentence, before anything is sent."""
    with pytest.raises(ValueError, match=sentence):
        Probe(path, method)


async def test_a_beat_tries_a_way_that_it_has_no_address_for(database: Database) -> None:
    """Nobody probes it, and it is not down for good."""
    health, way = Health(database, Patience(probe_first=0)), Way("orderdesk")
    for _ in range(3):
        await health.note(way, ok=False, code="system_down", source=Source.ENTRY)

    await Probes(health, [], Seatings()).run_once(clock.now())

    assert {row.way: row.state for row in await health.standing(clock.now())} == {way: WayState.TRYING}
