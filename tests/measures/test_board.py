"""The board: what is counted, the bottleneck in one sentence, and why clocks ran out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console import board_page
from measures import board, bottleneck, breaches
from measures.board import QueueStands
from records.database import Database
from tests.support.board_cast import ADA, BEN, busy, minutes
from tests.support.desk_offers import clock, stand

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The records of this test."""
    made = Database(database_url)
    yield made
    await made.close()


async def test_the_board_counts_what_there_is(database: Database) -> None:
    """Queues with waits, clocks and people; the pressing clocks; who has what; waits by stage."""
    numbers = await busy(database, NOW)
    async with database.session() as session:
        found = await board.board(session, NOW)

    service = next(queue for queue in found.queues if queue.name == "service")
    ada, ben = ({one.email: one for one in found.people}[email] for email in (ADA, BEN))
    assert (service.waiting, service.held, service.at_risk, service.breached) == (7, 2, 1, 1)
    assert (service.oldest, service.people, service.there) == (NOW - minutes(160), 4, 3)
    assert [(one.case, one.breached, one.holder) for one in found.pressing] == [
        (numbers["risk"], False, ""),
        (numbers["late"], True, ADA),
    ]
    assert (ada.load, ada.capacity, ada.away, ada.held_in_all) == (1, 2, "", 2)
    assert [(held.case, held.wait_for) for held in ada.held] == [(numbers["late"], ""), (numbers["waits"], "customer")]
    assert (ben.away, ben.away_until) == ("in a meeting", NOW + minutes(40))
    assert [(one.stage.value, one.cases, one.longest) for one in found.stages] == [("received", 10, NOW - minutes(200))]


async def test_what_has_ended_or_stands_still_is_not_on_the_board(database: Database) -> None:
    """Ended handoffs, ended clocks and paused clocks press nobody."""
    _, ended = await stand(database, NOW, "4700101", state="completed", ended_at=NOW)
    _, paused = await stand(database, NOW, "4700102", picked_up_by=ADA)
    past: dict[str, Any] = {"risk_at": NOW - minutes(9), "due_at": NOW - minutes(5)}
    await clock(database, ended, **past)
    await clock(database, paused, "acceptance", ended_at=NOW, outcome="met", **past)
    await clock(database, paused, "resolution", state="paused")

    async with database.session() as session:
        found = await board.board(session, NOW)

    assert found.pressing == ()
    assert [(one.waiting, one.at_risk, one.breached) for one in found.queues if one.name == "service"] == [(0, 0, 0)]


async def test_a_breach_says_who_held_and_what_paused(database: Database) -> None:
    """The reason names who had the case how long, how long nobody did, and what its clock stood still for."""
    numbers = await busy(database, NOW)
    _, old = await stand(database, NOW, "4700101", offered_at=NOW - timedelta(days=9))
    await clock(database, old, breached_at=NOW - timedelta(days=8))
    _, alone = await stand(database, NOW, "4700102", offered_at=NOW - timedelta(hours=5))
    await clock(database, alone, breached_at=NOW - timedelta(hours=3), ended_at=NOW - timedelta(hours=2))

    async with database.session() as session:
        found = await breaches.breaches(session, NOW)

    assert found.in_all == 2
    late, lying = found.latest
    assert late.case == numbers["late"]
    assert board_page.reason(late) == (
        f"{BEN.capitalize()} had it for 20 min; {ADA} had it for 35 min; nobody had it for 1 h; "
        "its clock stood for 15 min (asked the customer)"
    )
    assert board_page.late(late, NOW) == "35 min late so far"
    assert board_page.reason(lying) == "Nobody took it for 2 h"
    assert board_page.late(lying, NOW) == "1 h late"


def queue(**changes: object) -> QueueStands:
    """A queue of two people with room, and nothing in it."""
    return QueueStands.model_validate(
        {"name": "service", "title": "Service", "people": 2, "there": 2, "room": 5} | changes
    )


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        ({}, "No queue holds work up."),
        ({"waiting": 3, "oldest": NOW - minutes(5)}, "No queue holds work up."),
        (
            {"waiting": 14, "oldest": NOW - timedelta(hours=3), "people": 3, "there": 1},
            "Service is the bottleneck: 14 wait, oldest 3 h, 2 of 3 agents away.",
        ),
        (
            {"waiting": 1, "oldest": NOW - minutes(20), "there": 0},
            "Service is the bottleneck: 1 waits, for 20 min, everybody is away.",
        ),
        ({"breached": 2, "room": 0}, "Service is the bottleneck: 2 past their time, no room left with 2 available."),
        (
            {"waiting": 2, "oldest": NOW - minutes(90), "people": 0, "there": 0},
            "Service is the bottleneck: 2 wait, oldest 1 h, nobody works on it.",
        ),
    ],
)
def test_the_bottleneck_is_one_sentence(stands: dict[str, object], said: str) -> None:
    """How many wait, how long, what is past its time, and who is missing; or that nothing is held up."""
    assert bottleneck.bottleneck([queue(**stands), queue(name="bot", title="Bot failures")], NOW).sentence == said


def test_the_queue_that_presses_most_comes_first() -> None:
    """What waits longer, is more, or has fewer people comes before; the same order every time."""
    hour = NOW - timedelta(hours=1)
    calm, long, few = (
        queue(name="a", title="A", waiting=1, oldest=hour),
        queue(name="b", title="B", waiting=4, oldest=hour),
        queue(name="c", title="C", waiting=3, oldest=hour, there=0),
    )

    assert [one.name for one in bottleneck.ordered([calm, long, few], NOW)] == ["c", "b", "a"]
