"""The dispatch board over HTTP: the week, a booking's life, its refusals, its ledger, its search."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.fieldboard import codes, seed, technicians
from tests.demo.conftest import Start, System
from tests.demo.test_orderdesk import cell
from tests.support.patience import PATIENCE

DAY = "04.03.2041"
BOOKING = {
    "reference": "BD-000001", "name": "Greta Lindqvist", "street": "Hafenweg", "house_no": "12a", "postcode": "28195",
    "city": "Bremen", "phone": "0421 555 0123", "technician": "110", "day": DAY, "slot": "2", "skill": "2",
    "remarks": "BTN-AAAA1111 Book",
}  # fmt: skip


@pytest.fixture(scope="module")
async def shared(session_start: Start) -> System:
    """One process for these tests."""
    return await session_start("fieldboard")


@pytest.fixture
async def board(shared: System) -> AsyncIterator[System]:
    """The board; faults are gone after each test."""
    yield shared
    await shared.faults(reset=True)


@pytest.fixture
async def disp(board: System) -> AsyncIterator[httpx.AsyncClient]:
    """A dispatcher who is signed in."""
    async with httpx.AsyncClient(base_url=board.url, follow_redirects=True, timeout=PATIENCE) as client:
        page = await client.post("/signin", data={"user": "disp01", "password": "demo-disp-01"})
        assert cell(page, "screen") == "F10"
        yield client


async def saved(client: httpx.AsyncClient, path: str, **typed: str) -> str:
    """What the board says to that form."""
    return cell(await client.post(f"/booking/{path}", data=typed), "msg")


async def test_the_week_shows_who_is_free(board: System, disp: httpx.AsyncClient) -> None:
    """Ten rows of six days of four slots; what is taken, off or over has no link to book."""
    await board.faults(take_slot=f"103 {DAY} 3", send_home=f"104 {DAY}")

    page = (await disp.get("/board", params={"week": DAY})).text
    over = (await disp.get("/board", params={"week": "02.03.2020"})).text

    assert len(re.findall(r'<td id="s\d{3}_', page)) == 10 * 6 * 4
    assert re.search(rf'id="s103_{DAY}_3" class="taken"', page)
    assert re.search(rf'id="s104_{DAY}_3" class="off"', page)
    assert re.search(rf'id="s110_{DAY}_1" class="free"><a href="/booking/new', page)
    assert 'class="free"' not in over


async def test_a_booking_is_made_moved_and_cancelled(board: System, disp: httpx.AsyncClient) -> None:
    """Each save has its number and one row of the ledger; the search finds it by what its reference begins with."""
    told = [await saved(disp, "new", **BOOKING)]
    number = told[0].split()[2]
    told.append(await saved(disp, f"{number}/move", **{**BOOKING, "slot": "3"}))
    told.append(await saved(disp, f"{number}/cancel", remarks="BTN-CCCC3333"))
    told.append(await saved(disp, f"{number}/cancel", remarks="BTN-CCCC3333"))
    listed = await disp.get("/result", params={"reference": "bd-0000"})
    rows: list[dict[str, Any]] = [row for row in board_ledger(await disp.get("/ledger.json")) if row["reference"]]

    assert told == [
        f"FB-201 Booking {number} saved",
        f"FB-202 Booking {number}/2 moved",
        f"FB-203 Booking {number}/3 cancelled",
        "FB-124 booking is cancelled",
    ]
    assert [(row["operation"], row["key"], row["confirmation"]) for row in rows] == [
        ("book", "BD-000001", number),
        ("move", "BD-000001", f"{number}/2"),
        ("cancel_booking", "BD-000001", f"{number}/3"),
    ]
    assert (rows[1]["before"]["slot"], rows[1]["after"]["slot"], rows[2]["after"]["status"]) == ("2", "3", "90")
    assert f'<a href="/booking/{number}">' in listed.text


def board_ledger(answer: httpx.Response) -> list[dict[str, Any]]:
    """The rows of a ledger."""
    rows: list[dict[str, Any]] = answer.json()
    return rows


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"reference": ""}, "FB-102 Input not valid: Reference"),
        ({"technician": "999"}, "FB-102 Input not valid: Technician"),
        ({"day": "31.02.2041"}, "FB-102 Input not valid: Day"),
        ({"postcode": "281"}, "FB-102 Input not valid: Postcode"),
        ({"technician": "109", "slot": "4"}, codes.TAKEN),
        ({"day": "10.03.2041"}, codes.OFF),
        ({"technician": "105", "day": "05.03.2041"}, codes.UNSKILLED),
        ({"day": "02.03.2020"}, codes.PAST),
    ],
)
async def test_what_cannot_be_booked_is_refused(
    typed: dict[str, str], message: str, board: System, disp: httpx.AsyncClient
) -> None:
    """Each refusal has a code of its own, and leaves no row."""
    await board.faults(take_slot=f"109 {DAY} 4")
    before = len(board_ledger(await disp.get("/ledger.json")))

    assert await saved(disp, "new", **{**BOOKING, **typed}) == message
    assert len(board_ledger(await disp.get("/ledger.json"))) == before


async def test_a_screen_without_a_session_shows_nothing(board: System) -> None:
    """The board leads to the sign-in, everything else says that the session has expired."""
    week = await board.http.get("/board")
    search = await board.http.get("/result", params={"reference": "BD"})

    assert (week.status_code, week.headers["location"]) == (303, "/signin")
    assert cell(search, "msg") == codes.SESSION_EXPIRED


def test_every_skill_has_a_free_slot_on_every_working_day() -> None:
    """Whatever day it is, a new board is lived in, and one technician with every skill is still free."""
    today = date(2026, 11, 22)
    booked = seed.standard_bookings(today)
    days = [today + timedelta(days=offset) for offset in range(1, 28)]

    assert booked == seed.standard_bookings(today)
    assert len(booked) > 200
    assert not [one for one in booked if one["technician"] == "110"]
    assert set(technicians.ALL["110"].skills) == set(codes.SKILLS)
    assert not [day for day in days if day.weekday() < technicians.SATURDAY and technicians.ALL["110"].off(day, "1")]


async def test_bookings_of_a_file_stand_instead(start: Start, tmp_path: Path) -> None:
    """A new board begins with the bookings of the file, and keeps what it has at the next start."""
    file = tmp_path / "bookings.json"
    file.write_text(f'[{{"reference": "FB-000001", "technician": "110", "day": "{DAY}", "slot": "1"}}]')
    first = await start("fieldboard", "--seed-bookings", str(file))
    await first.stop()
    again = await start("fieldboard", data=first.data)

    await again.http.post("/signin", data={"user": "meier", "password": "demo-meier"})
    listed = await again.http.get("/result", params={"reference": "FB-"})

    assert re.findall(r"/booking/(B-\d{6})", listed.text) == ["B-000101"]
