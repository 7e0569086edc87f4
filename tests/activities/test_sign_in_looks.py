"""Looks whether anybody can sign in: at the real order desk, in a real browser, as an account that makes no entries."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from activities.accounts import Accounts
from activities.sign_in_looks import Pauses, SignInLooks
from activities.way_notes import WayNotes
from bots.kit.contract import RouteKey
from bots.registry import places, routes
from core import clock
from core.settings import Settings
from fallbacks.breaker import Patience, Source
from fallbacks.health import Health
from fallbacks.probes import Place, Probes
from records import account_holds, health
from records.attempts import Runner
from records.database import Database
from records.health import HealthSample, SignInLook
from records.lease import Lease
from systems.environment import Environments
from systems.seating import Seatings
from systems.way import Way, WayState
from tests.support.floor import Floor
from tests.support.patience import PATIENCE

DESK = Way("orderdesk")
SECRET = "BATON_SECRET_ORDERDESK_BOT09"
QUICK = Patience(calm_seconds=0.001, worried_seconds=0.001, probe_first=0.001, probe_longest=0.001)
CALM = Pauses(calm=PATIENCE, worried=PATIENCE, hangs=PATIENCE)
PIDS = itertools.count(1)
Make = Callable[..., SignInLooks]


def declared(folder: Path, **addresses: str) -> Settings:
    """The order desk, each environment with an account that looks."""
    tables = [f'[orderdesk.{name}]\naddress = "{url}"\nprobe_account = "bot09"\n' for name, url in addresses.items()]
    file = folder / "systems.toml"
    file.write_text("".join(tables), encoding="utf-8")
    return Settings(data_dir=folder, systems_file=file, page_seconds=PATIENCE)


@pytest.fixture
async def looks(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Makes the looks of a bot process; its browsers end with the test."""
    monkeypatch.setenv(SECRET, "demo-bot-09")
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_TEST_BOT09", "demo-bot-09")
    async with AsyncExitStack() as open_ones:

        def make(settings: Settings, pauses: Pauses = CALM) -> SignInLooks:
            opened = {key: route for key, route in routes(settings, tmp_path).items() if key.system == "orderdesk"}
            for route in opened.values():
                open_ones.push_async_callback(route.close)
            accounts, notes = Accounts(database, places(settings)), WayNotes(Health(database, QUICK))
            runner = Runner(host="here", boot_id="", worker_pid=next(PIDS))
            return SignInLooks(accounts, opened, notes, runner, Seatings(settings.systems_file), pauses)

        yield make


async def last(database: Database, way: Way = DESK) -> SignInLook:
    """The last look at a way."""
    async with database.session() as session:
        return (await health.sign_in_looks(session))[way]


async def heard(database: Database) -> int:
    """How many looks its health has heard of."""
    async with database.session() as session:
        asked = select(func.count()).select_from(HealthSample).where(col(HealthSample.source) == Source.SIGN_IN)
        return (await session.exec(asked)).one()


async def state(database: Database, way: Way = DESK) -> WayState | None:
    """How a way stands; None when nothing was heard of it."""
    return {row.way: row.state for row in await Health(database).standing(clock.now())}.get(way)


async def test_one_of_two_bot_processes_signs_in_and_nobody_looks_again_before_it_is_time(
    database: Database, floor: Floor, looks: Make, tmp_path: Path
) -> None:
    """It is kept that it worked and as whom; the account is free again, and the next look is a pause away."""
    settings = declared(tmp_path, production=floor.orderdesk)
    one, other = looks(settings), looks(settings)

    await asyncio.gather(one.begin(), other.begin())
    await asyncio.gather(one.settled(), other.settled())
    again = await one.begin()

    look = await last(database)
    assert (look.account, look.code, await heard(database), again) == ("bot09", "", 1, 0)
    async with database.session() as session:
        leased = (await session.exec(select(Lease.key).where(col(Lease.until) > func.clock_timestamp()))).all()
    assert (list(leased), await state(database)) == ([], WayState.UP)


async def test_a_refused_sign_in_holds_the_account_that_looks_and_nothing_else(
    database: Database, floor: Floor, looks: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order desk answered: its way is not held against it, and the account is not tried a second time."""
    monkeypatch.setenv(SECRET, "canary-wrong-0815")
    looking = looks(declared(tmp_path, production=floor.orderdesk), Pauses(calm=0, worried=0, hangs=PATIENCE))

    await looking.begin()
    await looking.settled()
    again = await looking.begin()

    async with database.session() as session:
        held = [hold.who for hold in await account_holds.open_holds(session)]
    assert (held, again) == (["orderdesk/production/bot09"], 0)
    assert ((await last(database)).code, await heard(database)) == ("sign_in_refused", 0)
    floor.fault("orderdesk", unlock_account="bot09")


@asynccontextmanager
async def front(page: str | None) -> AsyncIterator[str]:
    """A system whose sign-in page is this and that has nothing behind it; with none, it never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1:2]
        if page is None:
            await reader.read()
        status, body = ("200 OK", page or "") if path == [b"/signin"] else ("503 Service Unavailable", "")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.failure_mode("F23")
@pytest.mark.failure_mode("F24")
async def test_a_system_that_answers_and_lets_nobody_in_is_down_before_an_entry_meets_it(
    database: Database, looks: Make, tmp_path: Path
) -> None:
    """F23, F24: good probes between the looks make good for none; while down, each good probe is followed by one."""
    async with front("ORDERDESK") as address:
        looking = looks(declared(tmp_path, production=address), Pauses(calm=0, worried=0, hangs=PATIENCE))
        probes = Probes(Health(database, QUICK), [Place("orderdesk", "production", address)], Seatings())
        states = []
        for _ in range(4):
            await probes.run_once(clock.now())
            await looking.begin()
            await looking.settled()
            states.append(await state(database))
        unprobed = await looking.begin()

    assert states == [WayState.UP, WayState.UP, WayState.DOWN, WayState.DOWN]
    assert ((await last(database)).code, await heard(database), unprobed) == ("wrong_application", 4, 0)


async def test_a_sign_in_that_hangs_keeps_no_other_way_waiting_and_ends_with_the_process(
    database: Database, floor: Floor, looks: Make, tmp_path: Path
) -> None:
    """The other environment is looked at meanwhile; told to stop, the one that hangs is dropped and nothing noted."""
    test = Way("orderdesk", "test")
    async with front(None) as address:
        looking = looks(declared(tmp_path, production=address, test=floor.orderdesk))
        running = asyncio.create_task(looking.run_forever())
        async with asyncio.timeout(PATIENCE):
            while await state(database, test) is None:
                await asyncio.wait([running], timeout=0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async with database.session() as session:
        noted = await health.sign_in_looks(session)
    assert (DESK in noted, await state(database, test)) == (False, WayState.UP)


async def test_a_look_that_takes_too_long_is_ended_and_counts_against_the_system(
    database: Database, looks: Make, tmp_path: Path
) -> None:
    """It is one fault of its way, and the account is free for the next look."""
    async with front(None) as address:
        looking = looks(declared(tmp_path, production=address), Pauses(calm=0, worried=0, hangs=1))
        await looking.begin()
        await looking.settled()

    async with database.session() as session:
        row = await health.state_of(session, DESK)
    assert row is not None
    assert ((await last(database)).code, row.failures, row.signed) == ("too_slow", 1, 1)


def test_who_looks_nowhere_never_begins(database: Database, tmp_path: Path) -> None:
    """No account is declared that looks: there is nothing to do and nobody is signed in."""
    settings = Settings(data_dir=tmp_path, orderdesk_url="http://127.0.0.1:1")
    accounts = Accounts(database, Environments(places(settings)))
    opened = {key: route for key, route in routes(settings, tmp_path).items() if key == RouteKey("orderdesk", "bot")}
    runner, notes = Runner(host="here", boot_id="", worker_pid=1), WayNotes(Health(database))

    looking = SignInLooks(accounts, opened, notes, runner, Seatings(), CALM)

    assert asyncio.run(asyncio.wait_for(looking.run_forever(), PATIENCE)) is None
