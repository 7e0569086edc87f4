"""What `baton check` says of environments, credentials and held accounts."""

import asyncio

from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton import wiring
from core import clock
from core.faults import Fault
from core.settings import Settings
from fallbacks.expiry import due
from fallbacks.playbooks import playbooks_of, policies_of
from handoff.policy import Policies, PolicyRefused
from records import account_holds
from records.account_holds import AccountHold
from records.database import Database
from systems.drill_ground import GroundRefused, Grounds
from systems.environment import BadEnvironmentsError
from systems.playbooks import PlaybookRefused
from systems.seating import SeatingRefused, Seatings

SHOWN = 4


class Found(BaseModel):
    """Whether it is well, what there is to say, and what mends it."""

    model_config = ConfigDict(frozen=True)

    well: bool
    said: str
    mend: str = ""


def environments(settings: Settings) -> Found:
    """The systems file: every environment with what it needs, nothing shared between two of them."""
    try:
        count = len(list(wiring.environments(settings)))
    except BadEnvironmentsError as bad:
        said = "cannot be used" if settings.systems_file is None else f"{settings.systems_file} cannot be used"
        return Found(well=False, said=said, mend="\n".join(bad.sentences))
    return Found(well=True, said=f"{count} declared" if count else "none; `baton up` brings the demo systems")


def hours(settings: Settings) -> Found:
    """Seats, hours and pace in the systems file: each can be read, and every window opens some day."""
    seatings, now = Seatings(settings.systems_file), clock.now()
    try:
        found = {place: seatings.of(*place) for place in seatings.named()}
    except SeatingRefused as refusal:
        return Found(well=False, said="cannot be used", mend=str(refusal))
    never = [f"[{'.'.join(place)}]" for place, one in found.items() if one.windows.next_open(now) is None]
    if never:
        return Found(well=False, said=f"never open: {', '.join(never)}", mend="Change hours, holidays or upkeep there.")
    limited = [f"{'.'.join(place)}: {' '.join(one.sentences)}" for place, one in found.items() if one.sentences]
    return Found(well=True, said=" ".join(limited) or "always open, as fast as the seats allow")


def canaries(settings: Settings) -> Found:
    """What the systems file declares for canaries and drills: each can be read, and every entry fits its operation."""
    grounds = Grounds(Seatings(settings.systems_file))
    try:
        found = {place: grounds.of(*place) for place in grounds.named()}
    except GroundRefused as refusal:
        mend = f"{refusal}\nMend it: until then no canary is placed."
        return Found(well=False, said="cannot be used", mend=mend)
    said = [f"{'.'.join(place)} from {one.canary:%H:%M}" for place, one in found.items() if one.canary is not None]
    return Found(well=True, said=", ".join(said) or "none declared: no way is exercised by itself")


def policies(settings: Settings) -> Found:
    """The operator's file of handoff policies, where there is one: while it cannot be used, the shipped ones count."""
    file = settings.policies_file
    if file is None:
        return Found(well=True, said="the shipped ones")
    try:
        rows = Policies.read(file.read_text(encoding="utf-8")).rows
    except (PolicyRefused, OSError) as trouble:
        mend = "Mend it: until then the shipped policies count."
        return Found(well=False, said=f"{file} cannot be used: {trouble}", mend=mend)
    return Found(well=True, said=f"{len(rows)} of {file}, version {rows[0].version}")


def playbooks(settings: Settings) -> Found:
    """What is done while a system is out: while the operator's file cannot be used, what was read before counts on."""
    try:
        found = playbooks_of(settings.playbooks_file, policies_of(settings.policies_file)).all()
    except PlaybookRefused as trouble:
        said = f"{settings.playbooks_file} cannot be used: {trouble}"
        return Found(well=False, said=said, mend="Mend it: until then nothing of it counts.")
    chosen = ", ".join(one.name for one in found if one.default)
    return Found(well=True, said=f"{len(found)}; by itself: {chosen}")


def credentials(settings: Settings) -> Found:
    """Every account has a credential, and none has expired."""
    try:
        users = asyncio.run(wiring.credential_users(settings))
        known = asyncio.run(wiring.secrets(settings).known())
    except BadEnvironmentsError:
        return Found(well=False, said="cannot be told", mend="Mend the environments first.")
    except Fault as fault:
        return Found(well=False, said=fault.sentence(), mend=fault.detail)
    missing = sorted(users.keys() - {one.name for one in known})
    late = due(known, clock.now())
    if missing:
        said = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
        return Found(well=False, said=f"missing: {said}", mend="\n".join([f"baton secrets set {missing[0]}", *late]))
    expired = [sentence for sentence in late if " expired on " in sentence]
    if expired:
        return Found(well=False, said=f"{len(expired)} expired", mend="\n".join(late))
    return Found(well=True, said=" ".join([f"{len(known)} kept ({settings.secrets}).", *late]))


def accounts(settings: Settings) -> Found:
    """Accounts that are held since a sign-in was refused."""
    if not settings.database_url:
        return Found(well=True, said="none is held")
    try:
        holds = asyncio.run(_holds(settings.database_url))
    except (DBAPIError, PoolTimeout, OSError):
        return Found(well=False, said="cannot be seen", mend="Mend PostgreSQL first.")
    if not holds:
        return Found(well=True, said="none is held")
    page = f"Or see {settings.console_url.rstrip('/')}/accounts"
    return Found(well=False, said=f"{len(holds)} held", mend="\n".join([*map(_told, holds), page]))


def _told(hold: AccountHold) -> str:
    since = f"{hold.since:%Y-%m-%d %H:%M %Z}"
    return f"{hold.who}: held since {since} ({hold.code}). Renew it, then: baton secrets test {hold.credential}"


async def _holds(url: str) -> list[AccountHold]:
    database = Database(url, pool_size=1)
    try:
        async with database.session() as session:
            return await account_holds.open_holds(session)
    finally:
        await database.close()
