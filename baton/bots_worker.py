"""The bots' process: a task queue for each legacy system, as many slots as seats, and no browser left behind."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.accounts import Accounts, HoldingRoute
from activities.correlation import Correlated
from activities.edge import FaultEdge
from activities.gap_looks import GapLooks
from activities.long_doubt import DoubtPatience
from activities.look import Look
from activities.lost_jobs import LostJobs
from activities.perform import Perform
from activities.retries import RetriesNoted
from activities.seat import Seats
from activities.sign_in import SignIn
from activities.sign_in_looks import Pauses, SignInLooks
from activities.way_notes import WayNotes
from baton import begins, bot_life, extensions, temporal_peer, wiring
from baton.seen import part, traces
from baton.seen.engine import EngineMetrics
from baton.serving import connected, until_told
from bots.kit.contract import Route, RouteKey
from bots.kit.driver_check import driver_trouble
from bots.kit.leftovers import clear_up, last_frames
from bots.kit.processes import lives, started_at, this_boot, this_host, this_pid_space
from bots.kit.screen_route import ScreenRoute
from bots.registry import MAKERS, browsers_folder, places, routes
from core import log as logging_
from core.settings import Settings, settings
from fallbacks.health import Health
from records import lease
from records.attempts import Runner, place
from records.bot_version import Announced
from records.database import Database
from records.evidence_store import EvidenceStore
from systems.registry import SYSTEMS
from systems.seating import Seatings
from workflows.policies import HEARTBEAT_THROTTLE, SHUTDOWN_GRACE


async def serve(chosen: Settings, data_dir: Path, engine: EngineMetrics) -> None:
    """Work until told to stop; what an earlier process left ends before this one begins.

    A process whose Playwright is lost ends as well, with a status that has it started again: polling stops at once,
    jobs in its browsers end by themselves, the others get their grace.
    """
    database, store = wiring.database(chosen), wiring.evidence(chosen)
    health = part.of_worker("bots", database, await temporal_peer.client(lazy=True), engine)
    if trouble := await asyncio.to_thread(driver_trouble):
        raise SystemExit(trouble)  # or each entry would be taken, and end as something unforeseen
    folder = browsers_folder(data_dir)
    await clear_up(folder)
    await begins.with_fitting(database)
    async with database.session() as session:
        await lease.free_dead(session, place(_runner()), lives)
    await LostJobs(database, store).keep(await asyncio.to_thread(last_frames, folder))
    MAKERS.update(extensions.makers())
    opened = routes(chosen, data_dir, wiring.secrets(chosen))
    try:
        async with (
            part.watched(health, engine, chosen),
            bot_life.shown(database, this_host(), _lives, announced(opened)),
        ):
            workers = bot_workers(await connected(chosen), database, chosen, opened, store)
            losses = [route.until_lost() for route in opened.values() if isinstance(route, ScreenRoute)]
            gap = gap_looks(database, chosen, opened, store)
            looks = both(sign_in_looks(database, chosen, opened).run_forever(), gap.run_forever())
            if not await until_told(workers, losses, looks, told=health.begun):
                raise SystemExit("Playwright's process was lost; this one ends, to be started again.")
    finally:
        for route in opened.values():
            await route.close()
        await database.close()


def announced(opened: dict[RouteKey, Route]) -> list[Announced]:
    """The version of each route that this process opened, those of extensions too."""
    return [
        Announced(system=way.system, environment=way.environment, route=way.route, version=route.version)
        for way, route in opened.items()
    ]


def bot_workers(
    client: Client, database: Database, chosen: Settings, opened: dict[RouteKey, Route], store: EvidenceStore
) -> list[Worker]:
    """A worker for each system and environment that there is a route to: all its routes share one queue."""
    accounts = Accounts(database, places(chosen))
    queues = sorted({(way.system, way.environment) for way in opened})
    return [
        Worker(
            client,
            task_queue=SYSTEMS[system].queue_of(environment),
            activities=[
                *_activities(chosen, accounts, _holding(opened, accounts, environment), store),
                SignIn(accounts, _of(opened, environment), _runner()).try_sign_in,
            ],
            interceptors=[Correlated(), *traces.of_workers(), RetriesNoted(database), FaultEdge()],
            identity=temporal_peer.identity(SYSTEMS[system].queue_of(environment)),
            max_concurrent_activities=min(chosen.seats, _seats(opened, accounts, system, environment)),
            graceful_shutdown_timeout=SHUTDOWN_GRACE,
            max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        )
        for system, environment in queues
    ]


def sign_in_looks(database: Database, chosen: Settings, opened: dict[RouteKey, Route]) -> SignInLooks:
    """The looks whether anybody can sign in on the screens that this process works on."""
    screens = {way: route for way, route in opened.items() if isinstance(route, ScreenRoute)}
    pauses = Pauses(chosen.sign_in_look_seconds, chosen.probe_calm_seconds)
    seatings, notes = Seatings(chosen.systems_file), WayNotes(Health(database))
    return SignInLooks(Accounts(database, places(chosen)), screens, notes, _runner(), seatings, pauses)


def gap_looks(database: Database, chosen: Settings, opened: dict[RouteKey, Route], store: EvidenceStore) -> GapLooks:
    """The looks for what a restored backup may be wrong about, at the systems that this process works on."""
    accounts = Accounts(database, places(chosen))
    holding: dict[RouteKey, Route] = {way: HoldingRoute(route, way, accounts) for way, route in opened.items()}
    here = {(way.system, way.environment) for way in opened}
    at_once = {place: min(chosen.seats, _seats(opened, accounts, *place)) for place in here}
    return GapLooks(database, _look(chosen, accounts, holding, store, _seats_for(chosen, accounts)), at_once)


async def both(one: Coroutine[None, None, None], other: Coroutine[None, None, None]) -> None:
    """Two things beside the work; neither ends by itself."""
    await asyncio.gather(one, other)


def _holding(opened: dict[RouteKey, Route], accounts: Accounts, environment: str) -> dict[RouteKey, Route]:
    """The routes of one environment: who works there has no other, so that a test can never reach production."""
    return {way: HoldingRoute(route, way, accounts) for way, route in _of(opened, environment).items()}


def _of(opened: dict[RouteKey, Route], environment: str) -> dict[RouteKey, Route]:
    return {way: route for way, route in opened.items() if way.environment == environment}


def _seats(opened: dict[RouteKey, Route], accounts: Accounts, system: str, environment: str) -> int:
    ways = [way for way in opened if (way.system, way.environment) == (system, environment)]
    return len({account for way in ways for account in accounts.of(SYSTEMS[system], way)})


def _activities(
    chosen: Settings, accounts: Accounts, opened: dict[RouteKey, Route], store: EvidenceStore
) -> list[Callable[..., Any]]:
    seats = _seats_for(chosen, accounts)
    perform = Perform(accounts.database, opened, store, seats, _runner())
    look = _look(chosen, accounts, opened, store, seats)
    return [perform.perform, look.look, look.read_record]


def _look(
    chosen: Settings, accounts: Accounts, opened: dict[RouteKey, Route], store: EvidenceStore, seats: Seats
) -> Look:
    longest, lead = timedelta(hours=chosen.doubt_hours), timedelta(minutes=chosen.promise_lead_minutes)
    patience = DoubtPatience(longest=longest, lead=lead)
    return Look(accounts.database, opened, store, seats, _runner(), patience)


def _seats_for(chosen: Settings, accounts: Accounts) -> Seats:
    return Seats(accounts.database, _runner(), chosen.lease_seconds, Seatings(chosen.systems_file), accounts)


def _runner() -> Runner:
    """This process, so that anybody can later prove it dead."""
    pid = os.getpid()
    return Runner(
        host=this_host(),
        boot_id=this_boot(),
        pid_space=this_pid_space(),
        worker_pid=pid,
        worker_started=started_at(pid),
    )


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def main() -> None:
    """The verb `baton bots`."""
    chosen = settings()
    logging_.configure("bots", style=chosen.log_format, level=chosen.log_level)
    extensions.report()
    with traces.sent("bots"):
        asyncio.run(serve(chosen, chosen.data_dir.resolve(), EngineMetrics.installed()))
