"""Limits of a system: so many seats over all processes, its working hours, its pace; a refusal holds nothing."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.seat import Entering, Seats
from bots.kit.contract import RouteKey
from core import clock
from core.faults import NoSeat, NotYet, OutsideWindow, PaceReached, SeatingUnreadable, WindowNeverOpens
from records.attempts import Runner
from records.database import Database
from systems.orderdesk import ORDERDESK
from systems.seating import Seatings

WAY = RouteKey("orderdesk", "bot")
TEST = RouteKey("orderdesk", "bot", "test")
RUNNER = Runner(host="here", boot_id="boot", worker_pid=4711, bot_version="1")
TONIGHT = "[[orderdesk.production.upkeep]]\nbegins = {begins}\nends = {ends}\nabout = 'release 7'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The operator's file, empty."""
    path = tmp_path / "systems.toml"
    path.touch()
    return path


def write(file: Path, text: str) -> None:
    """The file says this now."""
    file.write_text(text, encoding="utf-8")


def process(database: Database, file: Path, pid: int = 1) -> Seats:
    """The seats of one bot process under that file."""
    return Seats(database, RUNNER.model_copy(update={"worker_pid": pid}), 60, Seatings(file))


async def refusal(seats: Seats, way: RouteKey = WAY, entering: Entering | None = None) -> type[Exception] | None:
    """What keeps a job out; None when it gets in."""

    async def job() -> None:
        async with seats.take(ORDERDESK, way, None, entering):
            pass

    try:
        await ActivityEnvironment().run(job)
    except (NotYet, SeatingUnreadable, WindowNeverOpens) as fault:
        return type(fault)
    return None


async def test_a_system_has_so_many_seats_over_all_processes(database: Database, file: Path) -> None:
    """Eight accounts, but two seats: the third job of whatever process hears *no seat*; a test environment is apart."""
    write(file, "[orderdesk.production]\nseats = 2\n")
    one, other = process(database, file, 1), process(database, file, 2)

    async def work() -> list[type[Exception] | None]:
        async with AsyncExitStack() as jobs:
            await jobs.enter_async_context(one.take(ORDERDESK, WAY, None))
            await jobs.enter_async_context(other.take(ORDERDESK, WAY, None))
            return [await refusal(one), await refusal(other), await refusal(one, TEST)]

    assert await ActivityEnvironment().run(work) == [NoSeat, NoSeat, None]


async def test_nothing_is_done_outside_the_hours(database: Database, file: Path) -> None:
    """Entries and looks alike are told when to come back; a supervisor's word passes, and so does a changed file."""
    now = clock.now().replace(microsecond=0)
    ends = now + timedelta(hours=3)
    write(file, TONIGHT.format(begins=(now - timedelta(hours=1)).isoformat(), ends=ends.isoformat()))
    seats = process(database, file)

    async def job() -> None:
        async with seats.take(ORDERDESK, WAY, "4800001", Entering()):
            pass

    with pytest.raises(OutsideWindow) as told:
        await ActivityEnvironment().run(job)
    look, let = await refusal(seats), await refusal(seats, entering=Entering(outside_window=True))
    write(file, "")

    assert (told.value.until, told.value.detail) == (ends, "release 7")
    assert (look, let) == (OutsideWindow, None)
    assert await refusal(seats) is None


async def test_a_pace_is_kept_without_holding_a_seat(database: Database, file: Path) -> None:
    """One entry a minute over two processes: the second is told when, its account and record are free, looks pass."""
    write(file, "[orderdesk.production]\nentries_per_minute = 1\nseats = 1\n")
    one, other = process(database, file, 1), process(database, file, 2)

    first = await refusal(one, entering=Entering())
    second = await refusal(other, entering=Entering(urgent=True))

    assert (first, second) == (None, PaceReached)
    assert await refusal(one) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[orderdesk.production]\nseats = 0\n", SeatingUnreadable),
        ("[orderdesk.production\n", SeatingUnreadable),
        ('[orderdesk.production]\ntime_zone = "Europe/Brelin"\n', SeatingUnreadable),
        (TONIGHT.format(begins="2020-01-01T00:00:00Z", ends="2199-01-01T00:00:00Z"), WindowNeverOpens),
    ],
)
async def test_a_slip_in_the_file_is_never_taken_for_no_limit(
    database: Database, file: Path, text: str, fault: type[Exception]
) -> None:
    """What cannot be read, and hours that never come, stop the job with a fault of their own before any try."""
    write(file, text)

    assert await refusal(process(database, file), entering=Entering()) is fault
