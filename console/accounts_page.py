"""The accounts of the bots as people see them: held or free, at work, about to expire, and what waits because of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import words
from console.collaborators import Collaborators
from console.words import Look
from core.case import WaitsFor
from core.faults import Fault
from fallbacks.expiry import AHEAD, Expires
from records import account_holds, account_trials
from records.account_holds import AccountHold
from records.case import Case
from records.lease import Lease
from records.trail import Event
from records.work_item import Attempt, WorkItem
from systems.base import PRODUCTION
from systems.environment import BadEnvironmentsError, Environment
from systems.registry import SYSTEMS

HELD = Look("Held", "bad", "lock")
AT_WORK = Look("At work", "note", "player-play")
FREE = Look("Free", "good", "circle-check")


@dataclass(frozen=True)
class Held:
    """A hold with its sentence, and the entry whose try met it, where one did."""

    row: AccountHold
    item: WorkItem | None = None

    @property
    def sentence(self) -> str:
        """What happened."""
        return words.fault(self.row.code)


@dataclass(frozen=True)
class Account:
    """One account by one route of one environment; `looks`: it signs in now and then to see that it can, no more."""

    system: str
    environment: str
    route: str
    name: str
    credential: str
    held: Held | None = None
    at_work: bool = False
    tried: Event | None = None
    expiry: tuple[str, datetime | None] = ("", None)
    looks: bool = False

    @property
    def look(self) -> Look:
        """How it stands."""
        return HELD if self.held else AT_WORK if self.at_work else FREE

    @property
    def place(self) -> str:
        """The address of what is done with it."""
        return f"/accounts/{self.system}/{self.environment}/{self.route}/{self.name}"


@dataclass(frozen=True)
class Group:
    """The accounts of one environment of a system; `entries` and `cases` wait since it is held or does not answer."""

    system: str
    environment: str
    accounts: list[Account]
    entries: int = 0
    loose: int = 0
    cases: int = 0

    @property
    def title(self) -> str:
        """As people call it."""
        name = words.system(self.system)
        return name if self.environment == PRODUCTION else f"{name}, {self.environment}"

    @property
    def waiting(self) -> int:
        """Everything that waits."""
        return self.entries + self.loose + self.cases

    @property
    def shut(self) -> bool:
        """Whether every account that works by one of its routes is held: then that is why it waits."""
        working = [account for account in self.accounts if not account.looks]
        held = {account.route: True for account in working}
        for account in working:
            held[account.route] = held[account.route] and account.held is not None
        return any(held.values())


@dataclass(frozen=True)
class AccountsPage:
    """All of it. `troubles` are sentences about what could not be read; `stray` holds are of accounts not used now."""

    groups: list[Group]
    stray: list[Held] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many accounts there are."""
        return sum(len(group.accounts) for group in self.groups)

    @property
    def held(self) -> int:
        """How many of them are held."""
        return sum(bool(account.held) for group in self.groups for account in group.accounts)

    @property
    def waiting(self) -> int:
        """What waits because of that; where an account is free, it waits for the system to answer."""
        return sum(group.waiting for group in self.groups if group.shut)


async def read(parts: Collaborators) -> AccountsPage:
    """The page as it stands."""
    troubles: list[str] = []
    try:
        places = list(parts.places())
    except BadEnvironmentsError as bad:
        places, troubles = [], list(bad.sentences)
    try:
        known: Sequence[Expires] | None = await parts.credentials()
    except Fault as fault:
        known = None
        troubles.append(f"Credentials cannot be read from here, so nothing is said of their expiry. {fault.sentence()}")
    async with parts.database.session() as session:
        state = await _state(session, parts, known)
        groups = [await _group(session, place, state) for place in places]
    used = {(one.system, one.environment, one.credential) for group in groups for one in group.accounts}
    stray = [held for key, held in state.holds.items() if key not in used]
    return AccountsPage([group for group in groups if group.accounts], stray, troubles)


@dataclass(frozen=True)
class _State:
    now: datetime
    holds: dict[tuple[str, str, str], Held]
    at_work: frozenset[str]
    tries: dict[str, Event]
    known: dict[str, Expires] | None
    unseen: str
    """How it stands with a credential that is not known here: missing, or elsewhere."""


async def _state(session: AsyncSession, parts: Collaborators, known: Sequence[Expires] | None) -> _State:
    holds = {}
    for hold in await account_holds.open_holds(session):
        attempt = await session.get(Attempt, hold.attempt_id) if hold.attempt_id else None
        item = await session.get(WorkItem, attempt.item_id) if attempt else None
        holds[hold.system, hold.environment, hold.credential] = Held(hold, item)
    leased = await session.exec(
        select(Lease.key).where(col(Lease.key).startswith("account/"), col(Lease.until) > func.clock_timestamp())
    )
    tries = await account_trials.latest(session, parts.clock())
    by_name = None if known is None else {one.name: one for one in known}
    unseen = "elsewhere" if parts.secrets_of_bots else "missing"
    return _State(parts.clock(), holds, frozenset(leased), tries, by_name, unseen)


async def _group(session: AsyncSession, place: Environment, state: _State) -> Group:
    system = SYSTEMS[place.system]
    accounts = []
    for route in system.routes:
        for name in place.sign_ins_of(system, route):
            credential, who = place.credential_of(route, name), f"{place.system}/{place.name}/{name}"
            account = Account(
                place.system,
                place.name,
                route,
                name,
                credential,
                held=state.holds.get((place.system, place.name, credential)),
                at_work=f"account/{who}" in state.at_work,
                tried=state.tries.get(who),
                expiry=_expiry(credential, state),
                looks=name == place.probe_account,
            )
            accounts.append(account)
    accounts.sort(key=lambda account: not account.held)  # the others keep their order
    entries, loose = await _waiting(session, place)
    return Group(place.system, place.name, accounts, entries, loose, await _reading(session, place))


def _expiry(credential: str, state: _State) -> tuple[str, datetime | None]:
    """How it stands with the credential (missing, elsewhere, expired, soon, later, or nothing known), and the day."""
    if state.known is None:
        return "", None
    found = state.known.get(credential)
    if found is None:
        return state.unseen, None
    if found.expires_at is None:
        return "", None
    left = found.expires_at - state.now
    return ("expired" if left.total_seconds() <= 0 else "soon" if left <= AHEAD else "later"), found.expires_at


async def _waiting(session: AsyncSession, place: Environment) -> tuple[int, int]:
    """Entries of cases, and entries of files, that wait since every account is held or the system does not answer."""
    of_cases, all_of_them = (
        await session.exec(
            select(func.count(col(WorkItem.case_id)), func.count()).where(
                WorkItem.system == place.system,
                WorkItem.environment == place.name,
                col(WorkItem.ended_at).is_(None),
                WorkItem.wait_kind == WaitsFor.HELD_SYSTEM.value,
            )
        )
    ).one()
    return of_cases, all_of_them - of_cases


async def _reading(session: AsyncSession, place: Environment) -> int:
    """Cases that wait to be read from the system; what is read for a case is always production's."""
    if place.name != PRODUCTION:
        return 0
    wanted = select(func.count()).where(
        col(Case.closed_at).is_(None),
        Case.wait_kind == WaitsFor.HELD_SYSTEM,
        Case.wait_about == f"the {SYSTEMS[place.system].title}",
    )
    return (await session.exec(wanted)).one()
