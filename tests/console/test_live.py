"""Live pages over real HTTP: a change reaches an open page, a reconnect misses nothing, leaving costs nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from sqlmodel import select

from console.access import COOKIE
from records.case import Case
from records.events import Happened, append
from records.people import Role
from tests.console.conftest import NOW, Console
from tests.support.cast_of_cases import Cast
from tests.support.patience import PATIENCE


@pytest.fixture
async def address(console: Console) -> AsyncIterator[str]:
    """The console as a real server."""
    server = uvicorn.Server(
        uvicorn.Config(console.app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    sockets = [server.config.bind_socket()]
    serving = asyncio.create_task(server.serve(sockets))
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    await console.app.state.bells.close()
    server.should_exit = True
    await serving


@contextlib.asynccontextmanager
async def stream(console: Console, url: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of an open stream, as somebody who is signed in."""
    signed_in = await console.signed_in(Role.OPS)
    cookies = {COOKIE: signed_in.cookies[COOKIE]}
    async with (
        httpx.AsyncClient(cookies=cookies, timeout=PATIENCE) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.aiter_lines()


async def happens(console: Console, number: str, name: str) -> int:
    """Something happens to a case; the number of its event."""
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == number))).one()
        await append(session, case.id, NOW, Happened(name=name, actor="agent@example.org"))
    async with console.database.session() as session:
        newest = (await session.connection()).exec_driver_sql("SELECT max(id) FROM events")
        return int((await newest).scalar_one())


async def first_message(lines: AsyncIterator[str]) -> tuple[int, str]:
    """The number and the text of the next message."""
    number, text = 0, []
    async for line in lines:
        if line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            text.append(line.removeprefix("data: "))
        elif not line and text:
            return number, "\n".join(text)
    raise AssertionError("the stream ended")


async def test_a_change_reaches_the_open_page(console: Console, cast: Cast, address: str) -> None:
    """The page's new drawing arrives as an unnamed message with the event's number."""
    seen = await happens(console, cast.offered, "handoff.released")
    async with stream(console, f"{address}/live/cases/{cast.offered}?after={seen}") as lines:
        reading = asyncio.create_task(first_message(lines))
        number = await happens(console, cast.offered, "handoff.picked_up")

        got, html = await reading

    assert got == number
    assert "Picked up" in html
    assert "event:" not in html


async def test_a_reconnect_gets_what_it_missed(console: Console, cast: Cast, address: str) -> None:
    """A stream that comes back with an older number is drawn at once, without waiting for the next change."""
    before = await happens(console, cast.offered, "handoff.released")
    number = await happens(console, cast.offered, "handoff.picked_up")
    url = f"{address}/live/cases/{cast.offered}?after=0"

    async with stream(console, url, **{"Last-Event-ID": str(before)}) as lines:
        got, html = await first_message(lines)

    assert got == number
    assert "Picked up" in html


async def test_the_list_counts_and_does_not_move(console: Console, cast: Cast, address: str) -> None:
    """Beside an open list stands how much is new or changed; its rows are not touched."""
    seen = await happens(console, cast.kept, "case.started")

    async with stream(console, f"{address}/live/cases?after={seen}") as lines:
        reading = asyncio.create_task(first_message(lines))
        await happens(console, cast.offered, "handoff.picked_up")
        _, html = await reading

    assert "1 changed: show" in html
    assert "<tr" not in html


async def test_a_stream_ends_with_its_session(console: Console, cast: Cast, address: str) -> None:
    """Whoever is disabled sees no more from the next change on."""
    seen = await happens(console, cast.offered, "handoff.released")
    async with stream(console, f"{address}/live/cases/{cast.offered}?after={seen}") as lines:
        async with console.database.session() as session:
            await (await session.connection()).exec_driver_sql("DELETE FROM sessions")
        await happens(console, cast.offered, "handoff.picked_up")

        left = [line async for line in lines if line.startswith("data: ")]

    assert not left
