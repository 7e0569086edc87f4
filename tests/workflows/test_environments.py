"""A test item stays in its environment: another address, other credentials, another queue."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from bots.kit.contract import RouteKey
from bots.registry import routes
from records.items import Intent
from records.work_item import WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.bots.desks import Demo
from tests.support.floor import ORDERS
from tests.support.journey import Journey, bots_of
from tests.workflows.test_work_item import ON_ITS_WAY, absent
from workflows.acts import QUEUE
from workflows.work_item import ItemEnd, ItemStart, WorkItemWorkflow


def intent(order_no: str, environment: str) -> Intent:
    """The same entry, for one of the environments."""
    return Intent(
        id=uuid.uuid4(),
        case_id=None,
        system="orderdesk",
        operation=MARK_FAILED_DELIVERY.name,
        kind=MARK_FAILED_DELIVERY.kind,
        target_key=order_no,
        occurrence=f"try/{environment}",
        content=absent(order_no).model_dump(mode="json"),
        before=ON_ITS_WAY,
        environment=environment,
    )


async def test_a_test_item_never_reaches_production(
    desk_journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same entry on the same order number goes to the test desk alone, with the test's own password."""
    order_no = str(next(ORDERS))
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_TEST_BOT09", "demo-bot-09")
    with Demo("orderdesk", tmp_path) as test_desk:
        file = tmp_path / "systems.toml"
        file.write_text(f'[orderdesk.test]\naddress = "{test_desk.url}"\naccounts = ["bot09"]\n')
        journey = replace(desk_journey, settings=desk_journey.settings.model_copy(update={"systems_file": file}))
        hands = routes(journey.settings, tmp_path)
        start = intent(order_no, "test")
        async with bots_of(journey, hands):
            ended: ItemEnd = await journey.client.execute_workflow(
                WorkItemWorkflow.run, ItemStart(intent=start), id=f"item/{start.id}", task_queue=QUEUE
            )
        for route in hands.values():
            await route.close()
        entered = test_desk.ledger(ended.item.reference)

    async with journey.database.session() as session:
        kept = await session.get_one(WorkItem, start.id)
    assert RouteKey("orderdesk", "bot", "test") in hands
    assert (kept.state, kept.environment, len(entered)) == ("done", "test", 1)
    assert journey.floor.ledger("orderdesk", order_no) == []
