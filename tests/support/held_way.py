"""A way that an outage holds, as the breaker or an operator places it, and the end of it."""

from typing import Any

from core import clock
from records.database import Database
from records.health import Outage
from records.operation_holds import WHOLE_WAY, OperationHold


async def hold_way(database: Database, system: str, route: str, **outage: Any) -> OperationHold:
    """Nothing goes to that system by that way from now on."""
    now = clock.now()
    way: dict[str, Any] = {"system": system, "environment": "production", "route": route}
    out = Outage(**way, began_at=now, detected_at=now, code="system_down", **outage)
    hold = OperationHold(
        **way, operation=WHOLE_WAY, outage_id=out.id, since=now, threshold=1, probes=False, probed_at=now
    )
    async with database.session() as session:
        session.add(out)
        await session.flush()
        session.add(hold)
        await session.flush()
        out.hold_id = hold.id
    return hold


async def free_way(database: Database, hold: OperationHold) -> None:
    """It goes again."""
    now = clock.now()
    async with database.session() as session:
        (await session.get_one(OperationHold, hold.id)).ended_at = now
        out = await session.get_one(Outage, hold.outage_id)
        out.ended_at = now
