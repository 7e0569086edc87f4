"""An entry that a bot passed on, put into the records as its workflows write it: three of five parts are in."""

import uuid
from datetime import timedelta
from typing import Any

from core.work_item import State
from handoff.states import HandoffState
from records import items, stuck
from records.handoff import Handoff
from records.intake import Receipt
from records.work_item import ItemPart
from systems.part import Part
from systems.registry import operation_of
from tests.support.director import Director
from tests.support.journey import Journey
from workflows import item_packet

PARCELS = ["P-1001", "P-1002", "P-1003", "P-1004"]
RETURN: dict[str, Any] = {"reason_code": "15", "carrier": "Nordpost", "parcels": PARCELS}


async def passed_on(stage: Director, order_no: str, *, holder: str | None = None) -> tuple[str, uuid.UUID, uuid.UUID]:
    """The case's number, the handoff and the item; `holder` (e-mail) has it."""
    ago = timedelta(minutes=6)
    case = await stage.report(order_no, "P-88112399", ago)
    await stage.begun(case, ago - timedelta(seconds=2), "Grethe Holm", "refusal")
    content = {"order_no": order_no, **RETURN}
    item = await stage.item(case, ago - timedelta(seconds=9), "return_to_sender", content, State.REFUSED)
    item.code, item.parts_done = "input_refused", 3
    for number, part in enumerate(_parts(content)[:3], 1):
        entered: dict[str, Any] = {
            "name": part.name,
            "title": part.title,
            "confirmation": f"000123{number}",
            "result": part.image,
        }
        stage.session.add(ItemPart(item_id=item.id, number=number, at=stage.now - ago, **entered))
    await stage.session.flush()
    known = await stuck.read(stage.session, item.id)
    packet = item_packet.of(await items.view(stage.session, item.id), known, _parts(content))
    handoff = Handoff(
        case_id=case.id,
        kind="bot",
        queue="bot",
        state=HandoffState.PICKED_UP if holder else HandoffState.OFFERED,
        why=item_packet.why(item.code),
        packet=packet.model_dump(mode="json"),
        offered_at=stage.now - ago,
        due_at=stage.now + timedelta(minutes=40),
        picked_up_by=holder,
        picked_up_at=stage.now - timedelta(minutes=2) if holder else None,
    )
    stage.session.add(handoff)
    return case.number, handoff.id, item.id


def _parts(content: dict[str, Any]) -> tuple[Part, ...]:
    operation = operation_of("orderdesk", "return_to_sender")
    return operation.parts_of(operation.entry.model_validate(content))


async def until_passed_on(journey: Journey, receipt: Receipt, *states: str) -> Handoff:
    """Wait until the newest handoff of an entry of this case is in one of these states."""
    found: list[Handoff] = []

    async def there() -> bool:
        found[:] = await journey.handoffs(receipt, "bot")
        return bool(found) and found[-1].state in states

    await journey.until(receipt, there)
    return found[-1]
