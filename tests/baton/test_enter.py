"""`baton enter`: the plain RPA job from the command line, with its counts, its bad rows and its refusals."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from baton import by_whom, cli
from records.database import Database
from records.entry_file import EntryFile
from records.outbox import OutboxRow
from tests.support.journey import Journey

HEAD = "order_no,street,house_no,postcode,city"
GOOD = "4800001,Hafenweg,12a,28195,Bremen"


def asked(file: Path, *words: str, operation: str = "correct_address", system: str = "orderdesk") -> Result:
    """What the command answers."""
    return CliRunner().invoke(cli.app, ["enter", system, operation, "--file", str(file), *words])


@pytest.fixture
def known(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The records, where the command looks for them."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    return database_url


async def kept(url: str) -> tuple[int, list[str]]:
    """How many files are kept, and the workflows that were asked for."""
    database = Database(url)
    async with database.session() as session:
        files = list(await session.exec(select(EntryFile)))
        workflows = list(await session.exec(select(OutboxRow.workflow_id)))
    await database.close()
    return len(files), workflows


def sheet(folder: Path, *rows: str) -> Path:
    """A file of these rows."""
    file = folder / "rows.csv"
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    return file


def test_good_rows_go_to_the_bots_and_bad_ones_are_told(known: str, tmp_path: Path) -> None:
    """One start with where to follow it; a bad row has its reason, a repeated one waits for --again."""
    file = sheet(tmp_path, GOOD, GOOD, "4800002,Weg,1,1067,Dresden")

    told = asked(file)

    files, (workflow,) = asyncio.run(kept(known))
    assert "Correct the delivery address: 1 row goes to the bots of the Order desk." in told.output
    assert f"/entries/{workflow.removeprefix('legacy-entry/')}" in told.output
    assert "Row 4 is bad: Postcode: This does not look right; wanted: five digits, as 28195." in told.output
    assert "1 row was in this file or an earlier one already" in told.output
    assert (told.exit_code, files) == (1, 1)


def test_the_same_file_again_starts_nothing_unless_it_is_said(known: str, tmp_path: Path) -> None:
    """A command that is given twice enters once; --again is the way round."""
    file = sheet(tmp_path, GOOD)

    told = [asked(file), asked(file), asked(file, "--again")]

    assert [one.exit_code for one in told] == [0, 2, 0]
    assert len(asyncio.run(kept(known))[1]) == 2
    assert "nothing was started" in told[1].output


@pytest.mark.parametrize(
    ("operation", "system", "said"),
    [
        ("refund", "orderdesk", "its amounts need a person"),
        ("nothing", "orderdesk", "Order desk has no operation called nothing."),
        ("refund", "nowhere", "There is no system called nowhere."),
    ],
)
def test_what_cannot_be_entered_is_refused(known: str, tmp_path: Path, operation: str, system: str, said: str) -> None:
    """One sentence with what there is, and nothing is kept."""
    told = asked(sheet(tmp_path, GOOD), operation=operation, system=system)

    assert said in told.output
    assert (told.exit_code, asyncio.run(kept(known))) == (2, (0, []))


@pytest.mark.parametrize(
    ("data", "said"),
    [(None, "No such file"), (b"PK\x03\x04", "a damaged Excel workbook"), (b"a;b\n1;2", "does not name any column")],
)
def test_what_is_no_file_of_rows_is_refused(known: str, tmp_path: Path, data: bytes | None, said: str) -> None:
    """A file that is not there, or is none, is one sentence; nothing is kept."""
    file = tmp_path / "rows.csv"
    if data is not None:
        file.write_bytes(data)

    told = asked(file)

    assert said in told.output
    assert "Nothing was started." in told.output
    assert (told.exit_code, asyncio.run(kept(known))) == (2, (0, []))


def test_a_file_whose_name_is_no_text_is_taken(known: str, tmp_path: Path) -> None:
    """A name in the letters of another machine is kept without what no database keeps."""
    file = Path(os.fsdecode(os.fsencode(sheet(tmp_path, GOOD).parent) + b"/\xc4nderung.csv"))
    sheet(tmp_path, GOOD).rename(file)

    assert asked(file).exit_code == 0


def test_who_has_no_name_may_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the process's user may have a number and no name: that stands in the records."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_004_711)

    assert by_whom.typed() == "user 2000004711 (command line)"


def test_whoever_stops_waiting_is_not_told_that_nothing_started(known: str, tmp_path: Path) -> None:
    """Ctrl-C while it waits: the rows go on, and the exit status does not say that there are none."""
    words = ["-m", "baton", "enter", "orderdesk", "correct_address", "--file", str(sheet(tmp_path, GOOD)), "--wait"]
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores Ctrl-C
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        signal.signal(signal.SIGINT, ours)
        assert waiting.stdout is not None
        first = waiting.stdout.readline()
        waiting.send_signal(signal.SIGINT)
        _, said = waiting.communicate()

    assert "1 row goes to the bots" in first
    assert said == "No longer waiting; what was started goes on.\n"
    assert waiting.returncode == 1


async def test_waiting_ends_with_what_became_of_the_rows(
    journey: Journey, tmp_path: Path, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --wait it stays until real bots are through: one done, one that the desk does not know with a person."""
    monkeypatch.setenv("BATON_DATABASE_URL", journey.settings.database_url)
    file = sheet(tmp_path, f"{order_no},Kirchweg,3,28195,Bremen", "9999999,Kirchweg,3,28195,Bremen")

    told = await asyncio.to_thread(asked, file, "--wait")

    assert "1 of 2 done, 1 with a person" in told.output
    assert told.exit_code == 1
    assert [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)] == ["correct_address"]
