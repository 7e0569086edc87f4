"""Service loops: the same customer, the same cause, within the set time."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from handoff.service_loop import EarlierCase, LoopFound
from records import loops
from records.case import Case
from records.database import Database
from tests.records.conftest import NOW
from tests.support.desk_offers import stand

SAME = {"customer_no": "K-10234", "cause": "address"}


async def found(database: Database, order_no: str) -> LoopFound:
    """What is found for the case of this order within 30 days."""
    async with database.session() as session:
        case = (await session.exec(select(Case).where(Case.order_no == order_no))).one()
        return await loops.earlier(session, uuid.UUID(str(case.id)), 30)


async def test_the_same_customer_with_the_same_cause_is_a_loop(database: Database) -> None:
    """Cases of the last 30 days count, the oldest first; older ones, other causes, customers and later cases do not."""
    others = [({**SAME, "cause": "damage"}, 3), ({**SAME, "customer_no": "K-2"}, 4), (SAME, 31), (SAME, -1)]
    for number, (facts, days) in enumerate(others):
        await stand(database, NOW, str(4700200 + number), offered_at=NOW - timedelta(days=days), **facts)
    first, _ = await stand(database, NOW, "4700101", offered_at=NOW - timedelta(days=30), outcome="refund", **SAME)
    second, _ = await stand(database, NOW, "4700102", offered_at=NOW - timedelta(days=2), **SAME)
    await stand(database, NOW, "4700103", offered_at=NOW, **SAME)

    loop = await found(database, "4700103")

    assert loop.sentence() == f"third time in 30 days: {first}, {second}"
    assert [one.outcome for one in loop.earlier] == ["refund", ""]


@pytest.mark.parametrize("facts", [{"customer_no": "", "cause": "address"}, {"customer_no": "K-10234", "cause": ""}])
async def test_what_is_not_known_is_no_loop(database: Database, facts: dict[str, str]) -> None:
    """Without a customer or a cause two cases are not taken for the same."""
    await stand(database, NOW, "4700101", **facts)
    await stand(database, NOW, "4700102", **facts)

    assert (await found(database, "4700102")).sentence() == ""


def test_a_long_loop_is_counted_in_figures() -> None:
    """Beyond the tenth the count is written in figures."""
    earlier = tuple(EarlierCase(number=f"FD-{number}", opened_at=NOW) for number in range(11))

    assert LoopFound(days=30, earlier=earlier).sentence().startswith("12th time in 30 days: FD-0, FD-1")
