"""Whether anybody can sign in at a system, as its page says it: seen by a look that goes no further."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from console import words
from console.words import Look
from core.faults import AWAY
from records import account_holds, health
from records.health import SignInLook
from systems.environment import Environment
from systems.registry import SYSTEMS
from systems.way import Way

WORKS = Look("Signs in", "good", "circle-check")
FAILS = Look("Cannot sign in", "bad", "alert-triangle")
UNSURE = Look("Sign-in unsure", "warn", "alert-triangle")
HELD = Look("Look held", "warn", "hand-stop")
UNSEEN = Look("No sign-in seen yet", "", "circle-dashed")
NOBODY = "No account is named that looks whether bots can sign in."


@dataclass(frozen=True)
class SignInView:
    """What the last look came to; `look` is None where none is declared. `took` in seconds."""

    sentence: str
    look: Look | None = None
    at: datetime | None = None
    took: float = 0.0
    held: bool = False


async def seen(session: AsyncSession, place: Environment) -> dict[Way, SignInView]:
    """The screens of one environment of a system, and how the last sign-in look went there."""
    ways = [Way(place.system, place.name, route) for route in SYSTEMS[place.system].routes if route != "api"]
    if not place.probe_account:
        return {way: SignInView(NOBODY) for way in ways}
    looks = await health.sign_in_looks(session, place.system)
    held = await account_holds.held(session, place.system, place.name)
    name = place.probe_account
    return {way: _of(looks.get(way), place, place.credential_of(way.route, name) in held) for way in ways}


def _of(last: SignInLook | None, place: Environment, held: bool) -> SignInView:
    at, took = (last.at, last.ms / 1000) if last is not None else (None, 0.0)
    if held:
        return SignInView(f"{place.probe_account} is held, so nobody looks. Entries go on.", HELD, at, took, held=True)
    if last is None:
        return SignInView(f"A bot process looks as {place.probe_account} once it runs.", UNSEEN)
    if not last.code:
        return SignInView(f"{last.account} signed in.", WORKS, at, took)
    return SignInView(words.fault(last.code), FAILS if last.code in AWAY else UNSURE, at, took)
