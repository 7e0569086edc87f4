"""The breaker of one way to a system: what each thing that is heard of it means. Pure; time is an argument.

It goes by what happens one after the other and by short pieces of time, never by one long difference of two clock
readings: a clock that jumps neither opens nor closes it, and costs one probe at most.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from core.settings import Settings
from systems.way import SHUT, WayState


class Source(StrEnum):
    """Where something was heard: from a probe or a sign-in that looks only, or from work that was done."""

    PROBE = "probe"
    SIGN_IN = "sign_in"
    ENTRY = "entry"
    LOOK = "look"
    READ = "read"


PROBES = frozenset({Source.PROBE, Source.SIGN_IN})
"""What has no effect and stands for no work: it alone leads from down to trying."""


class Patience(BaseModel):
    """How patient the breaker is; seconds. A way is down after `open_after` faults in a row, or when nothing but
    faults came for `open_seconds`, of which a silence counts as no more than `step_seconds`.

    A way that is up is probed when nothing was heard of it for `calm_seconds`, after a fault each `worried_seconds`.
    One that is down is probed after `probe_first`, then after twice as long, at most `probe_longest`. Down `flaps`
    times within `flap_seconds`, it flaps: `proofs` good probes and as many good works are then asked for, not one,
    and the pauses between probes do not start again.
    """

    model_config = ConfigDict(frozen=True)

    open_after: int = Field(3, ge=3, le=5)
    open_seconds: float = 60
    step_seconds: float = 30
    calm_seconds: float = 15
    worried_seconds: float = 5
    probe_first: float = 60
    probe_longest: float = 900
    flaps: int = 3
    flap_seconds: float = 600
    proofs: int = 3


class Breaker(BaseModel):
    """How a way stands; `records.health.SystemHealth` keeps these figures for every process.

    `failures` in a row and `failing_seconds` count while it is up, `worked` of them came from work and `signed` from
    sign-in looks. What reaches less far inside makes good for neither: a probe for no look, a look for no work.
    `successes` counts good probes while it is down, good work while it is tried. `opened`: when it went down lately.
    `probe_every`: the pause between two probes.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    state: WayState = WayState.UP
    since: datetime
    code: str = ""
    failures: int = 0
    worked: int = 0
    signed: int = 0
    failing_seconds: float = 0.0
    first_failure_at: datetime | None = None
    heard_at: datetime | None = None
    ok_at: datetime | None = None
    successes: int = 0
    opened: tuple[datetime, ...] = ()
    next_probe_at: datetime | None = None
    probe_every: float = 0.0


class Heard(BaseModel):
    """One thing that was heard: it answered, or what was wrong. `line`: entries stand behind the way. `alone`: while
    it is down, this counts without a sign-in look that follows it."""

    model_config = ConfigDict(frozen=True)

    ok: bool
    source: Source
    code: str = ""
    line: bool = False
    alone: bool = True


def usual_patience(chosen: Settings) -> Patience:
    """How patient this installation is; the worries after a fault are a third of its calm."""
    return Patience(
        calm_seconds=chosen.probe_calm_seconds,
        worried_seconds=chosen.probe_calm_seconds / 3,
        probe_first=chosen.probe_seconds,
        probe_longest=max(chosen.probe_longest_seconds, chosen.probe_seconds),
    )


def hear(known: Breaker, heard: Heard, patience: Patience, now: datetime) -> Breaker:
    """How the way stands once this was heard."""
    after = known.model_copy(update={"ok_at": now} if heard.ok else {"code": heard.code})
    if known.state is WayState.UP:
        after = _up(after, heard, patience, now)
    elif known.state is WayState.DOWN and heard.source in PROBES:
        after = _down(after, heard, patience, now)
    elif known.state is WayState.TRYING:
        after = _trying(after, heard, patience, now)
    after = after.model_copy(update={"heard_at": now})
    probed = known.state is not WayState.DOWN or heard.source in PROBES or after.state is not known.state
    return _next_probe(after, patience, now) if probed else after


def given_up(known: Breaker, patience: Patience, now: datetime) -> Breaker:
    """It can be looked at, and whatever is entered there fails: it is down until an entry is in."""
    return _next_probe(_opened(known, patience, now), patience, now)


def due(known: Breaker, patience: Patience, now: datetime) -> bool:
    """Whether it is to be probed now; once when the clock was put back, so that no wait becomes endless."""
    if known.state is WayState.ISOLATED:
        return False
    if known.next_probe_at is None or now >= known.next_probe_at:
        return True
    return known.next_probe_at - now > timedelta(seconds=_pause(known, patience))


def unprobed(known: Breaker, patience: Patience, now: datetime) -> Breaker:
    """No probe reaches it: once its pause is over, whatever goes first says how it stands."""
    if known.state is not WayState.DOWN or not due(known, patience, now):
        return known
    return _next_probe(_turned(known, WayState.TRYING, now), patience, now)


def isolated(known: Breaker, now: datetime) -> Breaker:
    """Somebody takes the way out of use."""
    return _turned(known, WayState.ISOLATED, now, next_probe_at=None)


def resumed(known: Breaker, patience: Patience, now: datetime) -> Breaker:
    """Somebody says that it is to be used again: it is probed at once, then one entry goes first."""
    if known.state not in SHUT:
        return known
    return _turned(known, WayState.DOWN, now, next_probe_at=now, probe_every=patience.probe_first)


def flapping(known: Breaker, patience: Patience, now: datetime) -> bool:
    """Whether it went down again and again lately; moments that the clock says are still to come count as just now."""
    return len(_lately(known, patience, now)) >= patience.flaps


def _up(known: Breaker, heard: Heard, patience: Patience, now: datetime) -> Breaker:
    """One more fault in a row; the way is down when those are enough, or have lasted long enough."""
    if heard.ok:
        return known if _reaches_less(heard.source, known) else _calm(known)
    passed = (now - known.heard_at).total_seconds() if known.failures and known.heard_at else 0.0
    failing = known.failing_seconds + min(max(passed, 0.0), patience.step_seconds)
    worked = known.worked + (heard.source not in PROBES)
    signed = known.signed + (heard.source is Source.SIGN_IN)
    counted = {"failures": known.failures + 1, "worked": worked, "signed": signed, "failing_seconds": failing}
    known = known.model_copy(update={**counted, "first_failure_at": known.first_failure_at or now})
    lasted = known.failures > 1 and failing >= patience.open_seconds
    return _opened(known, patience, now) if known.failures >= patience.open_after or lasted else known


def _reaches_less(source: Source, known: Breaker) -> bool:
    """Whether something met its fault further inside than this, which answered, ever comes."""
    return source in PROBES and bool(known.worked or (known.signed and source is Source.PROBE))


def _calm(known: Breaker) -> Breaker:
    nothing = {"failures": 0, "worked": 0, "signed": 0, "failing_seconds": 0.0, "first_failure_at": None, "code": ""}
    return known.model_copy(update=nothing)


def _opened(known: Breaker, patience: Patience, now: datetime) -> Breaker:
    """Down from now on. One that keeps going down is not asked more often again for having been up for a moment."""
    moments = (*_lately(known, patience, now), now)
    again = len(moments) >= patience.flaps or known.state is WayState.TRYING
    every = _longer(known, patience) if again else patience.probe_first
    began = known.first_failure_at or now
    return _turned(known, WayState.DOWN, now, opened=moments, probe_every=every, first_failure_at=began)


def _down(known: Breaker, heard: Heard, patience: Patience, now: datetime) -> Breaker:
    if not heard.ok:
        return known.model_copy(update={"successes": 0, "probe_every": _longer(known, patience)})
    if not heard.alone:
        return known
    known = known.model_copy(update={"successes": known.successes + 1})
    enough = known.successes >= _proofs(known, patience, now)
    return _turned(known, WayState.TRYING, now) if enough else known


def _trying(known: Breaker, heard: Heard, patience: Patience, now: datetime) -> Breaker:
    """Where entries wait, only an entry proves that the way is back; else whatever else was done there does."""
    if not heard.ok:
        return _opened(known, patience, now)
    if heard.line and heard.source is not Source.ENTRY:
        return known
    known = known.model_copy(update={"successes": known.successes + 1})
    enough = known.successes >= _proofs(known, patience, now)
    return _calm(_turned(known, WayState.UP, now)) if enough else known


def _turned(known: Breaker, state: WayState, now: datetime, **fields: object) -> Breaker:
    return known.model_copy(update={"state": state, "since": now, "successes": 0, **fields})


def _proofs(known: Breaker, patience: Patience, now: datetime) -> int:
    return patience.proofs if flapping(known, patience, now) else 1


def _lately(known: Breaker, patience: Patience, now: datetime) -> tuple[datetime, ...]:
    reach = timedelta(seconds=patience.flap_seconds)
    return tuple(min(moment, now) for moment in known.opened if now - moment < reach)


def _longer(known: Breaker, patience: Patience) -> float:
    return min(max(known.probe_every * 2, patience.probe_first), patience.probe_longest)


def _pause(known: Breaker, patience: Patience) -> float:
    if known.state is WayState.DOWN:
        return known.probe_every
    if known.state is WayState.TRYING or known.failures:
        return patience.worried_seconds
    return patience.calm_seconds


def _next_probe(known: Breaker, patience: Patience, now: datetime) -> Breaker:
    if known.state is WayState.ISOLATED:
        return known
    return known.model_copy(update={"next_probe_at": now + timedelta(seconds=_pause(known, patience))})
