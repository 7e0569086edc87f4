"""How screens look while all is well: kept now and then with a picture, and held against the screen of a failure."""

import time

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bots.kit.contract import Hands, ShowsScreen
from core.faults import Fault, ScreenUnexpected
from failure.difference import Layout, differences
from records import screen_snapshots
from records.database import Database
from records.items import ItemView
from records.screen_snapshots import EVERY

log = structlog.get_logger(__name__)


class Snapshots:
    """What this bot process knows of good screens; most entries cost it nothing: no page and no record is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._taken: dict[tuple[str, ...], float] = {}

    def due(self, hands: Hands, item: ItemView, version: str) -> bool:
        """Whether the screen as it stands now, which is a good one, is to be kept: the first time, then each hour."""
        if not isinstance(hands, ShowsScreen):
            return False
        last = self._taken.get(self._key(hands.screen, item, version))
        return last is None or time.monotonic() - last >= EVERY.total_seconds()

    async def read(self, hands: Hands, item: ItemView, version: str) -> Layout | None:
        """What the screen consists of, when it is to be kept; None when it is not, or cannot be read."""
        if not isinstance(hands, ShowsScreen) or not self.due(hands, item, version):
            return None
        self._taken[self._key(hands.screen, item, version)] = time.monotonic()
        return await hands.layout()

    async def compare(self, hands: Hands, item: ItemView, fault: Fault) -> None:
        """Say on the fault what changed since the screen was good last, where the bot itself did not name it."""
        if not isinstance(hands, ShowsScreen):
            return
        fault.screen = fault.screen or hands.screen
        if not isinstance(fault, ScreenUnexpected) or fault.drift:
            return
        now = await hands.layout()
        good = await self._last_good(item, fault.screen) if now is not None else None
        if now is not None and good is not None:
            fault.drift = [change.model_dump(mode="json") for change in differences(good, now)]

    async def _last_good(self, item: ItemView, screen: str) -> Layout | None:
        try:
            async with self._database.session() as session:
                found = await screen_snapshots.last_good(session, item.system, item.environment, screen)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("snapshot.not_read", kind=type(error).__name__)
            return None
        return Layout.model_validate(found.layout) if found is not None else None

    @staticmethod
    def _key(screen: str, item: ItemView, version: str) -> tuple[str, ...]:
        return (item.system, item.environment, screen, version)
