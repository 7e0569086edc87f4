"""One sign-in for a person who wants to know whether an account works; the answer holds the account or clears it."""

import uuid
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict

from activities.accounts import Accounts
from bots.kit.contract import Route, RouteKey, SignsIn
from core import clock
from core.faults import Fault, RecordLocked, RouteMissing, SignInRefused
from records import account_holds, lease
from records.attempts import Runner, holder

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120.0
"""A sign-in takes seconds; no bot works with the account meanwhile."""


class Tried(BaseModel):
    """Whether the sign-in worked; else the fault's code and sentence. `cleared`: how many holds ended with it."""

    model_config = ConfigDict(frozen=True)

    works: bool
    code: str = ""
    sentence: str = ""
    cleared: int = 0


@dataclass(frozen=True)
class SignIn:
    """Tries accounts, each exactly once."""

    accounts: Accounts
    routes: dict[RouteKey, Route]
    runner: Runner

    async def try_once(self, way: RouteKey, account: str, by: str) -> Tried:
        """Sign in as `account` and do nothing else. Raises RecordLocked while a bot works with the account."""
        route = self.routes.get(way)
        if route is None:
            raise RouteMissing(f"{way.route} to {way.system}, {way.environment}")
        key, name = f"account/{way.system}/{way.environment}/{account}", f"{holder(self.runner)}/{uuid.uuid4().hex[:8]}"
        async with self.accounts.database.session() as session:
            if await lease.acquire(session, key, name, LEASE_SECONDS) is None:
                raise RecordLocked(f"{account} is at work")
        try:
            return await self._try(way, route, account, by)
        finally:
            async with self.accounts.database.session() as session:
                await lease.release(session, key, name)

    async def _try(self, way: RouteKey, route: Route, account: str, by: str) -> Tried:
        try:
            async with route.open(account, lambda _: None) as hands:
                if not isinstance(hands, SignsIn):
                    raise RouteMissing(f"{way.route} to {way.system} cannot sign in without work")
                await hands.sign_in_once()
        except SignInRefused as refused:
            await self.accounts.hold(way, account, refused.code)
            return Tried(works=False, code=refused.code, sentence=refused.sentence())
        except Fault as fault:
            return Tried(works=False, code=fault.code, sentence=fault.sentence())
        return Tried(works=True, cleared=await self._clear(way, account, by))

    async def _clear(self, way: RouteKey, account: str, by: str) -> int:
        credential = self.accounts.credential_of(way, account)
        async with self.accounts.database.session() as session:
            cleared = await account_holds.clear(session, credential, by, "a sign-in worked", clock.now())
        if cleared:
            log.info("account.cleared", system=way.system, environment=way.environment, account=account, by=by)
        return cleared
