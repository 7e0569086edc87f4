"""Accounts that may sign in: one refused sign-in holds an account for every process, and nobody tries it again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bots.kit.contract import Hands, Route, RouteKey
from core import clock
from core.faults import AccountHeld, SignInRefused
from records import account_holds
from records.account_holds import AccountHold
from records.database import Database
from systems.base import System
from systems.environment import Environment, Environments

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Accounts:
    """Who works where, and who is held."""

    database: Database
    places: Environments

    def of(self, system: System, way: RouteKey) -> tuple[str, ...]:
        """Everybody who works there by that way."""
        return self._place(way).accounts_of(system, way.route)

    def credential_of(self, way: RouteKey, account: str) -> str:
        """The name of the account's credential."""
        return self._place(way).credential_of(way.route, account)

    async def free(self, system: System, way: RouteKey, seats: int | None) -> list[str]:
        """Those of the first `seats` who are not held. Raises AccountHeld when all of them are."""
        seated = self.of(system, way)[:seats]
        async with self.database.session() as session:
            held = await account_holds.held(session, way.system, way.environment)
        free = [account for account in seated if self.credential_of(way, account) not in held]
        if seated and not free:
            raise AccountHeld
        return free

    async def hold(self, way: RouteKey, account: str, code: str) -> None:
        """Hold the account: its sign-in was refused with that code."""
        credential = self.credential_of(way, account)
        async with self.database.session() as session:
            hold = AccountHold(
                system=way.system,
                environment=way.environment,
                account=account,
                credential=credential,
                code=code,
                since=clock.now(),
                attempt_id=await account_holds.attempt_of(session, way.system, way.environment, account),
            )
            placed = await account_holds.place(session, hold)
        if placed:
            log.warning("account.held", system=way.system, environment=way.environment, account=account, code=code)

    def _place(self, way: RouteKey) -> Environment:
        return self.places.of(way.system, way.environment)


class HoldingRoute:
    """A route whose refused sign-ins hold the account: the job that met one waits for another account, or for people.

    What it says of an entry that was clicked for is told by the try itself (`activities/steps.py`).
    """

    def __init__(self, route: Route, way: RouteKey, accounts: Accounts) -> None:
        self.system = route.system
        self.name = route.name
        self.version = route.version
        self._route = route
        self._way = way
        self._accounts = accounts

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """The route's own hands."""
        try:
            async with self._route.open(account, step) as hands:
                yield hands
        except SignInRefused as refused:
            await self._accounts.hold(self._way, account, refused.code)
            told = f"{account}: {refused.sentence()} {refused.detail}"
            raise AccountHeld(told, evidence=refused.evidence) from refused

    async def kill(self, account: str) -> None:
        """As the route does."""
        await self._route.kill(account)

    async def close(self) -> None:
        """As the route does."""
        await self._route.close()
