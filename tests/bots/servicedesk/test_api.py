"""The service desk's API route where answers go wrong: surely not done, refused, or unknown; never guessed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import pytest

from bots.kit.contract import Job
from bots.kit.means import Means
from bots.servicedesk.api import ServiceDeskApi
from core.faults import Fault, Refused, SignInRefused, SystemDown, Unknown, away
from systems.registry import operation_of
from systems.servicedesk import UpdateTicket
from tests.bots.conformance.cast import part_of
from tests.bots.desks import Demo
from tests.support.patience import PATIENCE
from tests.support.sign_ins import always

_IN_LATIN = b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=klingon\r\nContent-Length: 10\r\n"
OPEN = part_of("servicedesk", "open_ticket", "api")
Quiet = Callable[[str], None]


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that reads a request, says just this, and hangs up; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def api(url: str, key: str = "demo-servicedesk-key", seconds: float = PATIENCE) -> ServiceDeskApi:
    """The route to that address."""

    def none() -> NoReturn:
        raise AssertionError("an API needs no browser")

    return ServiceDeskApi(Means(url, none, always(key), seconds))


@pytest.mark.failure_mode("F30")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="reset"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", id="cut off"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n<html>ok!", id="no JSON"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n[]", id="no ticket"),
        pytest.param(
            b'HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"id": "\xfc', id="half JSON in another charset"
        ),
        pytest.param(_IN_LATIN + b'\r\n{"id":"\xfc"}', id="a charset that nobody knows"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", id="gateway"),
    ],
)
async def test_an_answer_nobody_can_read_is_unknown(answer: bytes, quiet: Quiet) -> None:
    """After the request went out, anything but a clear answer may have been carried out."""
    job = OPEN.job("FD-000001")

    async with answering(answer) as url, api(url).open("api", quiet) as hands:
        await hands.enter(job)
        with pytest.raises(Unknown):
            await hands.submit(job)


@pytest.mark.failure_mode("F30")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="reset"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[", id="cut off"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>ok!", id="no JSON"),
        pytest.param(_IN_LATIN + b'\r\n["\xfc\xfc\xfc"]\r\n', id="a charset that nobody knows"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", id="gateway"),
    ],
)
async def test_an_answer_to_a_look_that_nobody_can_read_says_that_the_system_is_away(
    answer: bytes, quiet: Quiet
) -> None:
    """F30: before the send a half answer, bad JSON or a wrong charset is surely no entry, and counts as away."""
    async with answering(answer) as url, api(url).open("api", quiet) as hands:
        with pytest.raises(Fault) as met:
            await hands.find(OPEN.job("FD-000001"))

    assert away(met.value) in ("answer_broken", "system_down")


async def test_a_refused_connection_is_surely_not_done(unused_port: int, quiet: Quiet) -> None:
    """Nobody listens: the request never left, so it is SystemDown and not unknown."""
    job = OPEN.job("FD-000001")

    async with api(f"http://127.0.0.1:{unused_port}").open("api", quiet) as hands:
        await hands.enter(job)
        with pytest.raises(SystemDown):
            await hands.submit(job)


async def test_a_refusal_by_the_desk_itself_is_refused(demos: dict[str, Demo], quiet: Quiet) -> None:
    """A 422 on the change is the desk's own word that nothing was taken."""
    ticket = demos["servicedesk"].fresh_ticket()
    entry = UpdateTicket(ticket_id=ticket, state="solved", note="x" * 10_001)
    job = Job.of(operation_of("servicedesk", "update_ticket"), entry, "BTN-LONGNOTE")

    async with api(demos["servicedesk"].url).open("api", quiet) as hands:
        await hands.enter(job)
        with pytest.raises(Refused):
            await hands.submit(job)


async def test_a_wrong_key_is_a_refused_sign_in(demos: dict[str, Demo], quiet: Quiet) -> None:
    """401 is SignInRefused, already at the first look."""
    async with api(demos["servicedesk"].url, "wrong").open("api", quiet) as hands:
        with pytest.raises(SignInRefused):
            await hands.find(OPEN.job("FD-000001"))


async def test_kill_ends_a_request_under_way(demos: dict[str, Demo], quiet: Quiet) -> None:
    """A job whose connection is dropped by `kill` gets a fault at once: unknown, for the request was out."""
    demo, job = demos["servicedesk"], OPEN.job("FD-000001")
    route = api(demo.url, seconds=2 * PATIENCE)

    async with route.open("api", quiet) as hands:
        await hands.enter(job)
        demo.faults(reply_delay_seconds=3 * PATIENCE)
        sending = asyncio.create_task(hands.submit(job))
        while not await asyncio.to_thread(demo.ledger, job.reference):  # noqa: ASYNC110  (another process: no event)
            await asyncio.sleep(0)
        await route.kill("api")
        async with asyncio.timeout(PATIENCE):
            result = await asyncio.gather(sending, return_exceptions=True)

    assert isinstance(result[0], Unknown)


async def test_evidence_never_holds_the_key(demos: dict[str, Demo], quiet: Quiet) -> None:
    """Request and answer are kept, headers are not."""
    job = OPEN.job("FD-000001")

    async with api(demos["servicedesk"].url).open("api", quiet) as hands:
        await hands.enter(job)
        found = await hands.capture("before_submit")
        await hands.submit(job)
        found += await hands.capture("after_submit")

    assert len(found) == 2
    assert all(job.reference.encode() in thing.data for thing in found)
    assert not any(b"demo-servicedesk-key" in thing.data for thing in found)


@pytest.fixture
def unused_port() -> int:
    """A loopback port where nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
