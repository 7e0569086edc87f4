"""A seat on a system: one account's lease, the record's lease, kept alive while a job works and given back after it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio import activity

from activities.accounts import Accounts
from activities.watchdog import PAUSE_LIMIT_SECONDS, Instant
from bots.kit.contract import RouteKey
from core import clock, tracing
from core.faults import LeaseLost, NoSeat, OutsideWindow, PaceReached, RecordLocked, SeatingUnreadable, WindowNeverOpens
from records import lease, pace
from records.attempts import Runner, holder
from records.database import Database
from systems.base import System
from systems.environment import Environments
from systems.seating import Seating, SeatingRefused, Seatings

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
"""How often a job shows that it lives; also what tells that the process was paused."""
TELL_SECONDS = 3.0
"""How often it writes down where it is; the guard and the system's confirmation are written as they happen."""


@dataclass
class Seat:
    """What a job holds while it works; `check_alive` says whether it may still click.

    `clicking`: from now on every step of the job checks that as it begins. `bound` ends the job when its lease is lost.
    """

    account: str
    step: str = "sign in"
    steps: list[dict[str, float | str]] = field(default_factory=list)
    lost: bool = False
    clicking: bool = False
    bound: asyncio.Timeout | None = None
    last_beat: Instant = field(default_factory=Instant.now)
    began: float = field(default_factory=time.monotonic)
    renew_item: Callable[[], Awaitable[bool]] | None = None
    """Renews the lease of the item that the job works on, once it has claimed one."""
    tell_alive: Callable[[], Awaitable[None]] | None = None
    """Writes down where the job is, so that people can read it should this process die; it raises nothing."""

    def at_step(self, name: str) -> None:
        """Note that the job begins the step `name`; the next heartbeat carries it. Raises LeaseLost: see `clicking`."""
        if self.clicking:
            self.check_alive()
        if name == self.step:
            return
        self.step = name
        self.steps.append({"step": name, "at_seconds": round(time.monotonic() - self.began, 3)})

    def check_alive(self, since: Instant | None = None) -> None:
        """Raise LeaseLost when a renewal failed, or when the process or its machine was paused.

        A gap between two beats is a pause. `since` is when a question was asked whose answer must not have taken longer
        either: the beat may wake first and hide the pause.
        """
        now = Instant.now()
        if self.lost or max(moment.until(now) for moment in (self.last_beat, since or now)) > PAUSE_LIMIT_SECONDS:
            raise LeaseLost

    def lose(self) -> None:
        """The lease is gone: whatever the job waits for, it ends now."""
        self.lost = True
        if self.bound is not None and not self.bound.expired():
            self.bound.reschedule(asyncio.get_running_loop().time())


@dataclass(frozen=True)
class Entering:
    """What a job that enters something may do: come before others, or a supervisor let it run out of hours."""

    urgent: bool = False
    outside_window: bool = False


class Seats:
    """The seats of this bot process; which account is warm here is remembered, so that its browser is used again."""

    def __init__(
        self,
        database: Database,
        runner: Runner,
        lease_seconds: float,
        seatings: Seatings | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        self._database = database
        self._runner = runner
        self._seatings = seatings or Seatings()
        self._accounts = accounts or Accounts(database, Environments())
        self.lease_seconds = lease_seconds
        self._busy: set[str] = set()
        self._warm: list[str] = []

    @asynccontextmanager
    async def take(
        self, system: System, way: RouteKey, target_key: str | None, entering: Entering | None = None
    ) -> AsyncIterator[Seat]:
        """A seat on `system` by that way for one job, with the lease on the record it is about.

        `entering`: the job is to enter something, and keeps the system's pace. Raises NoSeat when every account is
        taken, AccountHeld when every account is held, RecordLocked when another job of ours works on the record,
        OutsideWindow and PaceReached with the time to come back.
        """
        seating = self._seating(way)
        if entering is None or not entering.outside_window:
            _check_open(seating)
        name = f"{holder(self._runner)}/{uuid.uuid4().hex[:8]}"
        target = [f"target/{way.system}/{way.environment}/{target_key}"] if target_key is not None else []
        account = await self._account(system, way, seating, target, name)
        keys = [_account_key(way, account), *target]
        try:
            if entering is not None and seating.entries_per_minute is not None:
                await self._keep_pace(way, seating.entries_per_minute, urgent=entering.urgent)
            seat = Seat(account=account)
            tracing.note(system=way.system, way=way.route)
            beat = asyncio.create_task(self._beat(seat, keys, name))
            try:
                yield seat
            finally:
                tracing.steps(seat.steps, seat.began)
                beat.cancel()
                await asyncio.gather(beat, return_exceptions=True)
        finally:
            self._busy.discard(keys[0])
            await asyncio.shield(self._release(keys, name))

    def _seating(self, way: RouteKey) -> Seating:
        try:
            return self._seatings.of(way.system, way.environment)
        except SeatingRefused as trouble:
            raise SeatingUnreadable(str(trouble)) from None

    async def _keep_pace(self, way: RouteKey, per_minute: float, *, urgent: bool) -> None:
        async with self._database.session() as session:
            later = await pace.take(session, f"{way.system}/{way.environment}", per_minute, urgent=urgent)
        if later is not None:
            fault = PaceReached()
            fault.until = later
            raise fault

    async def _account(self, system: System, way: RouteKey, seating: Seating, target: list[str], name: str) -> str:
        """An account and, together with its lease, those of the `target`: all or none."""
        accounts = await self._accounts.free(system, way, seating.seats)
        for account in sorted(accounts, key=lambda known: _account_key(way, known) not in self._warm):
            key = _account_key(way, account)
            if key in self._busy:
                continue
            self._busy.add(key)
            try:
                async with self._database.session() as session:
                    fence = await lease.acquire(session, key, name, self.lease_seconds)
                    for record in target if fence is not None else ():
                        if await lease.acquire(session, record, name, self.lease_seconds) is None:
                            raise RecordLocked
            except BaseException:  # records away, locked or cancelled: the account would stay busy for ever
                self._busy.discard(key)
                raise
            if fence is not None:
                if key not in self._warm:
                    self._warm.append(key)
                return account
            self._busy.discard(key)
        raise NoSeat

    async def _release(self, keys: list[str], name: str) -> None:
        try:
            async with self._database.session() as session:
                for key in keys:
                    await lease.release(session, key, name)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("seat.not_released", kind=type(error).__name__, kept="it runs out by itself")

    async def _beat(self, seat: Seat, keys: list[str], name: str) -> None:
        renewed = time.monotonic()
        told = renewed - TELL_SECONDS
        telling: asyncio.Future[None] | None = None
        try:
            while True:
                seat.last_beat = Instant.now()
                if activity.in_activity():  # the looks after a restore are none
                    activity.heartbeat(seat.step)
                due = time.monotonic() - told >= TELL_SECONDS
                if due and seat.tell_alive is not None and (telling is None or telling.done()):
                    told = time.monotonic()
                    telling = asyncio.ensure_future(seat.tell_alive())  # slow records must not hold up the beat
                if time.monotonic() - renewed >= self.lease_seconds / 3:
                    renewed = time.monotonic()
                    if not seat.lost and not await self._renew(seat, keys, name):
                        seat.lose()
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            if telling is not None:
                await asyncio.gather(telling, return_exceptions=True)

    async def _renew(self, seat: Seat, keys: list[str], name: str) -> bool:
        try:
            async with self._database.session() as session:
                kept = [await lease.renew(session, key, name, self.lease_seconds) for key in keys]
            return all(kept) and (seat.renew_item is None or await seat.renew_item())
        except (DBAPIError, PoolTimeout) as error:
            log.warning("seat.not_renewed", kind=type(error).__name__)
            return False


def _check_open(seating: Seating) -> None:
    now = clock.now()
    opens = seating.windows.next_open(now)
    if opens is None:
        raise WindowNeverOpens
    if opens > now:
        fault = OutsideWindow(seating.windows.why_closed(now))
        fault.until = opens
        raise fault


def _account_key(way: RouteKey, account: str) -> str:
    return f"account/{way.system}/{way.environment}/{account}"
