"""`baton clocks check`: an audit that needs no trust in the rows it looks at."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from baton import clocks as verb
from handoff.clock import ClockKind, Target, Ticked, after
from records import handoff_book
from records.database import Database
from records.events import Happened
from records.handoff import HandoffClock
from records.handoff_book import HandoffWrite
from records.intake import hand_in
from tests.support.journey import handed, report_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


async def _one_clock(url: str, *, tampered: bool) -> None:
    database, handoff = Database(url), uuid.uuid4()
    async with database.session() as session:
        case_id = (await hand_in(session, handed(report_of("4700123")), NOW)).case_id
    target = Target(kind=ClockKind.RESOLUTION, working=timedelta(hours=2), policy="any", version="1")
    started = Ticked(what="started", at=NOW, target=target)
    data = {"handoff": str(handoff), "clock": "resolution", "tick": started.model_dump(mode="json")}
    columns = {"id": handoff, "queue": "service", "packet": {}, "offered_at": NOW, "due_at": NOW}
    write = HandoffWrite(
        handoff_id=handoff,
        case_id=case_id,
        run_id="a",
        seq=1,
        at=NOW,
        columns=columns,
        clocks={"resolution": after(None, started)},
        events=(Happened(name="clock.started", data=data),),
    )
    async with database.session() as session:
        await handoff_book.apply(session, write, console_url="")
    if tampered:
        async with database.session() as session:
            row = (await session.exec(select(HandoffClock))).one()
            row.clock = {**row.clock, "spent": "PT1H"}
    await database.close()


@pytest.mark.parametrize("tampered", [False, True])
async def test_a_clock_that_somebody_changed_is_named(database_url: str, tampered: bool) -> None:
    """Each clock is made again from its events; one whose row says something else fails the check, by name."""
    await _one_clock(database_url, tampered=tampered)

    found = await verb._checked(database_url)
    said = verb.told(found)

    assert bool(found.differing) is tampered
    assert ("resolution: kept and rebuilt differ in spent" in said) is tampered
    assert said.startswith("1 clocks made again" if tampered else "1 clock")


def test_the_verb_wants_a_baton(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a database there is a sentence and no traceback."""
    monkeypatch.delenv("BATON_DATABASE_URL", raising=False)

    said = CliRunner().invoke(verb.app, ["check", "--data-dir", "/nonexistent"])

    assert said.exit_code != 0
    assert "Traceback" not in said.output
