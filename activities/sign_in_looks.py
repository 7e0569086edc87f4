"""Looks whether anybody can sign in: a system may answer for hours after no bot gets in. No entry, no seat."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from activities.accounts import Accounts
from activities.way_notes import WayNotes
from bots.kit.contract import Route, RouteKey, SignsIn
from core.faults import Fault, RouteMissing, SignInRefused, TooSlow
from fallbacks.breaker import Source
from records import account_holds, health, lease
from records.attempts import Runner, holder
from records.health import SignInLook, SystemHealth
from systems.seating import Seatings
from systems.way import Way, WayState

log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
"""Between two questions to the records whether anybody is to look: a good probe is followed within seconds."""
LEASE_SECONDS = 180.0
"""The account's lease: longer than a look that hangs and the end of its browser take."""


@dataclass(frozen=True)
class Pauses:
    """Seconds between two looks at a way that is up, after one that failed, and until one that hangs is ended."""

    calm: float
    worried: float
    hangs: float = 60.0


class SignInLooks:
    """Signs in where a system file names a probe account, each way by itself: one that hangs keeps no other waiting.

    Of several processes one looks: whoever has the account's lease, and finds that the look is still due.
    """

    def __init__(
        self,
        accounts: Accounts,
        routes: Mapping[RouteKey, Route],
        notes: WayNotes,
        runner: Runner,
        seatings: Seatings,
        pauses: Pauses,
    ) -> None:
        self._accounts = accounts
        self._database = accounts.database
        self._routes = {key: route for key, route in routes.items() if self._who(key)}
        self._notes = notes
        self._runner = runner
        self._seatings = seatings
        self._pauses = pauses
        self._under_way: dict[RouteKey, asyncio.Task[None]] = {}

    async def run_forever(self) -> None:
        """Look whenever it is time, until cancelled; a look under way is then dropped, which leaves nothing behind."""
        away = False
        try:
            while self._routes:
                try:
                    await self.begin()
                    away = False
                except (DBAPIError, PoolTimeout) as error:
                    if not away:
                        log.warning("look.records_away", kind=type(error).__name__)
                    away = True
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in self._under_way.values():
                task.cancel()
            await self.settled()

    async def begin(self) -> int:
        """Begin each look that is due and not under way; how many those were. What ended badly since then is raised."""
        ended = [key for key, task in self._under_way.items() if task.done()]
        for task in [self._under_way.pop(key) for key in ended]:
            task.result()
        due = [key for key in self._routes if key not in self._under_way and await self._is_due(key)]
        self._under_way |= {key: asyncio.create_task(self._look(key)) for key in due}
        return len(due)

    async def settled(self) -> None:
        """Return once every look that is under way has ended."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _who(self, key: RouteKey) -> str:
        return self._accounts.places.of(key.system, key.environment).probe_account

    async def _is_due(self, key: RouteKey) -> bool:
        """Whether to look now; never as an account that is held, nor while the system is closed."""
        way = _way(key)
        async with self._database.session() as session:
            now = await health.database_now(session)
            if not self._seatings.known(key.system, key.environment).windows.is_open(now):
                return False
            if self._accounts.credential_of(key, self._who(key)) in await account_holds.held(
                session, key.system, key.environment
            ):
                return False
            row = await health.state_of(session, way)
            last = (await health.sign_in_looks(session, key.system)).get(way)
            if row is None or row.state is not WayState.DOWN:
                return _time_to_look(row, last, self._pauses, now)
            _, answered = await health.unlooked(session, way, row.since)
        return answered is not None and (last is None or last.at < answered)

    async def _look(self, key: RouteKey) -> None:
        """One look, by whoever has the account; its end is heard of the way, and kept for people to read."""
        async with self._leased(key) as mine:
            if not mine or not await self._is_due(key):
                return
            began = time.monotonic()
            fault = await self._signed_in(key)
            ms = int((time.monotonic() - began) * 1000)
            code = fault.code if fault is not None else ""
            await self._notes.heard(_way(key), Source.SIGN_IN, fault, began)
            async with self._database.session() as session:
                at = await health.database_now(session)
                look = SignInLook(**_way(key)._asdict(), account=self._who(key), at=at, code=code, ms=ms)
                await session.merge(look)
            log.info("look.ended", way="/".join(_way(key)), code=code, ms=ms)

    async def _signed_in(self, key: RouteKey) -> Fault | None:
        """Sign in, see the first screen, and leave; what was wrong. Its browser ends with it: nobody works in it."""
        route, account = self._routes[key], self._who(key)
        try:
            async with route.open(account, lambda _: None) as hands:
                if not isinstance(hands, SignsIn):
                    raise RouteMissing(f"{key.route} to {key.system} cannot sign in without work")
                async with asyncio.timeout(self._pauses.hangs):  # a browser that is slow to come is no fault of theirs
                    await hands.sign_in_once()
        except TimeoutError:
            return TooSlow(f"no sign-in within {self._pauses.hangs:g} seconds")
        except SignInRefused as refused:
            await self._accounts.hold(key, account, refused.code)
            return refused
        except Fault as fault:
            return fault
        finally:
            await route.kill(account)
        return None

    @asynccontextmanager
    async def _leased(self, key: RouteKey) -> AsyncIterator[bool]:
        """The account's lease for the length of the block; whether it is ours."""
        name = f"{holder(self._runner)}/{uuid.uuid4().hex[:8]}"
        account = f"account/{key.system}/{key.environment}/{self._who(key)}"
        async with self._database.session() as session:
            mine = await lease.acquire(session, account, name, LEASE_SECONDS) is not None
        try:
            yield mine
        finally:
            async with self._database.session() as session:
                await lease.release(session, account, name)


def _time_to_look(row: SystemHealth | None, last: SignInLook | None, pauses: Pauses, now: datetime) -> bool:
    """Whether the pause is over, at a way that is not down; at once when the clock was put back."""
    if row is not None and row.state is WayState.ISOLATED:
        return False
    if last is None:
        return True
    worried = row is not None and row.state is WayState.UP and row.signed > 0
    pause = timedelta(seconds=pauses.worried if worried else pauses.calm)
    return not timedelta() <= now - last.at < pause


def _way(key: RouteKey) -> Way:
    return Way(key.system, key.environment, key.route)
