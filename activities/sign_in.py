"""One sign-in for a person who wants to know whether an account works; the answer holds the account or clears it."""

import uuid
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.accounts import Accounts
from bots.kit.contract import Route, RouteKey, SignsIn
from core import clock
from core.faults import Fault, RecordLocked, RouteMissing, SignInRefused
from records import account_holds, account_trials, lease
from records.attempts import Runner, holder

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120.0
"""A sign-in takes seconds; no bot works with the account meanwhile."""
AT_WORK = "A bot works with this account at the moment, so nothing was tried."


class Tried(BaseModel):
    """Whether the sign-in worked; else the fault's code and sentence. `cleared`: how many holds ended with it."""

    model_config = ConfigDict(frozen=True)

    works: bool
    code: str = ""
    sentence: str = ""
    cleared: int = 0


class TryAccount(BaseModel):
    """Which account to try, by whom; `key` is the form's: however often it is sent, one sign-in is made."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    route: str
    account: str
    by: str
    key: str


@dataclass(frozen=True)
class SignIn:
    """Tries accounts, each exactly once."""

    accounts: Accounts
    routes: dict[RouteKey, Route]
    runner: Runner

    @activity.defn(name="try_sign_in")
    async def try_sign_in(self, asked: TryAccount) -> Tried:
        """A person's try, from the console; whatever stands against it is told as what came of it."""
        way = RouteKey(asked.system, asked.route, asked.environment)
        try:
            return await self.try_once(way, asked.account, asked.by, asked.key)
        except RecordLocked as busy:
            return Tried(works=False, code=busy.code, sentence=AT_WORK)
        except Fault as fault:
            return Tried(works=False, code=fault.code, sentence=fault.sentence())

    async def try_once(self, way: RouteKey, account: str, by: str, key: str = "") -> Tried:
        """Sign in as `account` and do nothing else. Raises RecordLocked while a bot works with the account.

        A `key` that was used before gives what came of it then: nobody signs in for it a second time.
        """
        route = self.routes.get(way)
        if route is None:
            raise RouteMissing(f"{way.route} to {way.system}, {way.environment}")
        who, name = f"{way.system}/{way.environment}/{account}", f"{holder(self.runner)}/{uuid.uuid4().hex[:8]}"
        async with self.accounts.database.session() as session:
            if await lease.acquire(session, f"account/{who}", name, LEASE_SECONDS) is None:
                raise RecordLocked(f"{account} is at work")
        try:
            async with self.accounts.database.session() as session:
                earlier = await account_trials.of_key(session, key, clock.now()) if key else None
            if earlier is not None:
                return Tried.model_validate(earlier)
            tried = await self._try(way, route, account, by)
            async with self.accounts.database.session() as session:
                await account_trials.note(session, clock.now(), who, by, key=key, **tried.model_dump())
            return tried
        finally:
            async with self.accounts.database.session() as session:
                await lease.release(session, f"account/{who}", name)

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
