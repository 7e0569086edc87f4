"""The health of every way to a system: what is heard of it goes through the breaker, and an outage holds the way."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from core.fault_list import known as fault_of
from core.settings import settings
from fallbacks import breaker
from fallbacks.breaker import Breaker, Heard, Patience, Source, usual_patience
from records import gap_look, health, held_line, operation_holds
from records.database import Database
from records.health import HealthSample, Outage, SystemHealth
from records.operation_holds import WHOLE_WAY, OperationHold
from systems.base import PRODUCTION
from systems.registry import SYSTEMS
from systems.way import SHUT, OutageStage, Way, WayState

log = structlog.get_logger(__name__)

BATON = "baton"
ANSWERS = "It answers again; one entry goes first."
UNPROBED = "No probe reaches it, and its pause is over; one entry goes first."
SIGNS_IN = "A bot can sign in again; one entry goes first."
NOBODY_SIGNS_IN = "A look whether anybody can sign in failed."
BACK = "Work is done there again."
EXPIRED = "The time it was to be out of use is over."

LETTERS = 3
"""Of a reason at least, as on every form."""

LOOK_WAITED = timedelta(minutes=2)
"""So long a good probe of a way that is down waits for its sign-in look. No bot process may run: then probes decide."""

LOOKED_LATELY = timedelta(days=1)
"""Before it went down: a look longer ago than that counts no more."""


class IsolationRefused(ValueError):
    """A way cannot be taken out of use, or be used again, as it was asked for; the message says why."""


class Health:
    """Reads and writes how ways stand, under one row lock each; `now` left out is the database's time."""

    def __init__(self, database: Database, patience: Patience | None = None) -> None:
        self._database = database
        self._patience = patience or usual_patience(settings())

    async def note(
        self, way: Way, *, ok: bool, source: Source, code: str = "", ms: int = 0, now: datetime | None = None
    ) -> WayState:
        """Something was heard of a way; how it stands afterwards. Opening and closing keep their outage with it."""
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            row = await health.locked(session, way, at)
            session.add(HealthSample(**way._asdict(), at=at, ok=ok, code=code, source=source, ms=ms))
            line = row.state is WayState.TRYING and await _in_line(session, way, at)
            alone = source is not Source.PROBE or not await _look_follows(session, row, at)
            heard = Heard(ok=ok, source=source, code=code, line=line, alone=alone)
            patience = self.patience_of(way)
            after = breaker.hear(Breaker.model_validate(row), heard, patience, at)
            if await _only_reads(session, row, heard, after, patience.open_after):
                after = breaker.given_up(after, patience, at)
            await _turn(session, row, after, BATON, _why(after, source), at)
            return after.state

    async def isolate(
        self, ways: Sequence[Way], *, by: str, why: str, until: datetime | None = None, now: datetime | None = None
    ) -> None:
        """Take these ways out of use, for good or until then; see `ways_of`. Raises IsolationRefused."""
        _reasoned(why)
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            if until is not None and until <= at:
                raise IsolationRefused("Say a time that is still to come, or none.")
            for way in sorted(ways):
                row = await health.locked(session, way, at)
                row.sqlmodel_update({"isolated_by": by, "isolated_why": why, "isolated_until": until})
                after = breaker.isolated(Breaker.model_validate(row), at)
                await _turn(session, row, after, by, why, at)

    async def resume(
        self, ways: Sequence[Way], *, by: str, why: str, unlooked: bool = False, now: datetime | None = None
    ) -> list[Way]:
        """Use these ways again: they are probed at once, then one entry goes first; which of them were shut.

        After a restore not before each entry there was looked for, unless `unlooked`. Raises IsolationRefused.
        """
        _reasoned(why)
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            if (left := await gap_look.left(session, ways)) and not unlooked:
                raise IsolationRefused(gap_look.UNLOOKED.format(left=left))
            return await self._resumed(session, ways, by, gap_look.added_to(why, left), at)

    async def expire(self, now: datetime | None = None) -> int:
        """Ways whose time out of use is over are used again; how many those were."""
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            ended = [row.way for row in await health.standing(session) if _expired(row, at)]
            over = [way for way in ended if not await gap_look.left(session, [way])]
            return len(await self._resumed(session, over, BATON, EXPIRED, at))

    async def try_unprobed(self, probed: Container[Way], now: datetime | None = None) -> int:
        """Ways that are down and that no probe reaches are tried once their pause is over; how many those were.

        Where bots sign in to look, that look has the first word; nobody waits for long for one that does not come.
        """
        tried = 0
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            down = [row.way for row in await health.standing(session) if row.state is WayState.DOWN]
            for way in sorted(way for way in down if way not in probed):
                row = await health.locked(session, way, at)
                after = breaker.unprobed(Breaker.model_validate(row), self.patience_of(way), at)
                if after.state is not row.state and not await _look_first(session, row, at):
                    await _turn(session, row, after, BATON, UNPROBED, at)
                    tried += 1
        return tried

    async def standing(self, now: datetime) -> list[SystemHealth]:
        """How every way stands of which anything was heard; a time out of use that is over counts no more."""
        async with self._database.session() as session:
            found = await health.standing(session)
        return [row for row in found if not _expired(row, now)]

    async def shut(self, way: Way) -> SystemHealth | None:
        """How a way stands that nothing is to knock on now; None when it may be used."""
        async with self._database.session() as session:
            row = await health.state_of(session, way)
        return row if row is not None and row.state in SHUT else None

    async def due(self, ways: Iterable[Way], now: datetime | None = None) -> list[Way]:
        """Those of these ways that are to be probed now."""
        async with self._database.session() as session:
            at = now or await health.database_now(session)
            known = {row.way: Breaker.model_validate(row) for row in await health.standing(session)}
        return [way for way in ways if way not in known or breaker.due(known[way], self.patience_of(way), at)]

    def patience_of(self, way: Way) -> Patience:
        """How patient the breaker of that way is."""
        system = SYSTEMS.get(way.system)
        return self._patience.model_copy(update={"open_after": system.open_after}) if system else self._patience

    async def _resumed(self, session: AsyncSession, ways: Iterable[Way], by: str, why: str, now: datetime) -> list[Way]:
        shut = []
        for way in sorted(ways):  # everybody locks in one order
            row = await health.locked(session, way, now)
            if row.state not in SHUT:
                continue
            row.sqlmodel_update({"isolated_by": "", "isolated_why": "", "isolated_until": None})
            after = breaker.resumed(Breaker.model_validate(row), self.patience_of(way), now)
            await _turn(session, row, after, by, why, now)
            shut.append(way)
        await gap_look.over(session, shut)
        return shut


async def _turn(session: AsyncSession, row: SystemHealth, after: Breaker, by: str, why: str, now: datetime) -> None:
    """Keep how the way stands; what a change of it means for its outage happens in the same transaction."""
    before = row.state
    row.sqlmodel_update(after.model_dump())
    row.opened = list(after.opened)
    await session.flush()
    if after.state in SHUT:
        await _out(session, row, by, why, now)
    if before is not after.state:
        await _staged(session, row, by, why, now)
        await health.moved(session, row, why, by, now)
        log.info("way.moved", way="/".join(row.way), state=after.state.value, by=by)


async def _out(session: AsyncSession, row: SystemHealth, by: str, why: str, now: datetime) -> None:
    """The way is shut: its outage begins with the hold that everybody stands behind, or is said of the one there is."""
    standing = await health.open_outages(session, row.way)
    outage = standing[0] if standing else await _begun(session, row, now)
    if row.state is WayState.ISOLATED:
        outage.sqlmodel_update({"isolated": True, "by": by, "why": why})


async def _begun(session: AsyncSession, row: SystemHealth, now: datetime) -> Outage:
    failing = row.state is WayState.DOWN and row.first_failure_at is not None
    outage = Outage(
        system=row.system,
        environment=row.environment,
        route=row.route,
        began_at=min(row.first_failure_at or now, now) if failing else now,
        detected_at=now,
        code=row.code,
    )
    session.add(outage)
    await session.flush()
    hold = OperationHold(
        system=row.system,
        environment=row.environment,
        operation=WHOLE_WAY,
        route=row.route,
        outage_id=outage.id,
        since=now,
        threshold=row.failures,
        probes=False,
        probed_at=now,
    )
    session.add(hold)
    outage.hold_id = hold.id
    await session.flush()
    return outage


_STAGES = {
    WayState.DOWN: OutageStage.STANDING,
    WayState.ISOLATED: OutageStage.STANDING,
    WayState.TRYING: OutageStage.CANARY,
    WayState.UP: OutageStage.DRAINING,
}


async def _staged(session: AsyncSession, row: SystemHealth, by: str, why: str, now: datetime) -> None:
    """How far the way's outage is now; once the way is up it has ended, and its line goes on."""
    for outage in await health.open_outages(session, row.way):
        outage.stage = _STAGES[row.state]
        if row.state is WayState.UP:
            outage.ended_at = now
            if outage.hold_id is not None:
                await operation_holds.end(session, outage.hold_id, by, now, why)


async def _in_line(session: AsyncSession, way: Way, now: datetime) -> bool:
    """Whether any entry behind the outage of this way could go first, or has been let go and is on its way."""
    for outage in await health.open_outages(session, way):
        if outage.hold_id is not None and (
            await held_line.somebody_next(session, outage.hold_id)
            or await held_line.on_their_way(session, outage.hold_id, now)
        ):
            return True
    return False


async def _only_reads(session: AsyncSession, row: SystemHealth, heard: Heard, after: Breaker, enough: int) -> bool:
    """Whether the way is up for whoever only looks, and entry after entry fails there."""
    if heard.ok or heard.source is not Source.ENTRY or after.state is not WayState.UP:
        return False
    await session.flush()
    return await health.entries_fail(session, row.way, enough, row.since)


async def _look_follows(session: AsyncSession, row: SystemHealth, now: datetime) -> bool:
    """Whether a sign-in look follows a good probe of this way that is down: they were made there lately, and it is not
    for long that probes are answered and nobody looks."""
    if row.state is not WayState.DOWN:
        return False
    last = (await health.sign_in_looks(session, row.system)).get(row.way)
    if last is None or last.at < row.since - LOOKED_LATELY:
        return False
    await session.flush()
    first, _ = await health.unlooked(session, row.way, row.since)
    return first is None or now - first < LOOK_WAITED


async def _look_first(session: AsyncSession, row: SystemHealth, now: datetime) -> bool:
    """Whether a sign-in look that is due by now may still come."""
    last = (await health.sign_in_looks(session, row.system)).get(row.way)
    looked = last is not None and last.at >= row.since - LOOKED_LATELY
    return looked and timedelta() <= now - (row.next_probe_at or now) < LOOK_WAITED


def _why(after: Breaker, source: Source) -> str:
    if after.state is WayState.TRYING:
        return SIGNS_IN if source is Source.SIGN_IN else ANSWERS
    if after.state is WayState.UP:
        return BACK
    fault = fault_of(after.code)
    sentence = fault.sentence() if fault is not None else after.code
    return f"{NOBODY_SIGNS_IN} {sentence}" if source is Source.SIGN_IN else sentence


def _expired(row: SystemHealth, now: datetime) -> bool:
    return row.state is WayState.ISOLATED and row.isolated_until is not None and row.isolated_until <= now


def ways_of(system: str, environment: str = PRODUCTION, route: str | None = None) -> list[Way]:
    """The ways to a system, or the one by that route. Raises IsolationRefused for what is not known."""
    known = SYSTEMS.get(system)
    if known is None:
        raise IsolationRefused(f"There is no system called {system}; there are {', '.join(sorted(SYSTEMS))}.")
    if route is not None and route not in known.routes:
        there_is = ", ".join(known.routes)
        raise IsolationRefused(f"There is no way called {route} to the {known.title}; there is {there_is}.")
    return [Way(system, environment, each) for each in ([route] if route else known.routes)]


def _reasoned(why: str) -> None:
    if len(why.strip()) < LETTERS:
        raise IsolationRefused("Say why, in a few words that others understand.")
