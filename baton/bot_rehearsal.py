"""Finds the route that a rehearsal wants, plays the rows on it, writes the page, and says how it went."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from sqlmodel import select

from baton import extensions, rehearsal, wiring
from bots.kit.browser_path import BrowserMissingError
from bots.kit.contract import Job, Route, RouteKey
from bots.registry import MAKERS, routes
from core import log
from core.settings import Settings
from records import items
from records.items import ItemView
from records.work_item import WorkItem
from systems.base import Entry, Operation
from systems.environment import BadEnvironmentsError
from systems.registry import SYSTEMS, operation_of


@dataclass(frozen=True)
class Where:
    """Where a rehearsal goes; an empty `route` or `account` means the usual one."""

    system: str
    route: str
    environment: str
    account: str
    headed: bool


Rows = list[tuple[int, Entry]]
Jobs = list[tuple[int, Job, dict[str, str] | None]]
"""Number, what is to be keyed, and the record's image before, where it is known."""


async def rows(settings: Settings, where: Where, operation: Operation, entries: Rows, page: Path) -> int:
    """Rehearse the rows of a file; the exit status."""
    jobs: Jobs = [(number, Job.of(operation, entry, f"BTN-DRYRUN{number:04}"), None) for number, entry in entries]
    return await _play(settings, where, f"{SYSTEMS[where.system].title}: {operation.title}, a dry run", jobs, page)


async def item(settings: Settings, where: Where, reference: str, page: Path) -> int:
    """Rehearse one work item's next commit in another environment; the exit status."""
    database = wiring.database(settings)
    try:
        async with database.session() as session:
            known = (await session.exec(select(WorkItem.id).where(WorkItem.reference == reference))).one_or_none()
            found = await items.view(session, known) if known else None
    finally:
        await database.close()
    if found is None:
        typer.echo(f"There is no work item {reference}.", err=True)
        return 2
    where = replace(where, system=found.system, route=found.route)
    jobs: Jobs = [(1, _job(found), found.before)]
    return await _play(settings, where, f"{reference}, again in {where.environment}", jobs, page)


def _job(item: ItemView) -> Job:
    operation = operation_of(item.system, item.operation)
    entry = operation.entry.model_validate(item.content)
    return Job.of(operation, entry, item.reference, item.parts_done)


async def _play(settings: Settings, where: Where, title: str, jobs: Jobs, page: Path) -> int:
    log.configure("bot", style="text", level="WARNING")
    system = SYSTEMS[where.system]
    way = RouteKey(where.system, where.route or system.route, where.environment)
    with tempfile.TemporaryDirectory(prefix="baton-rehearsal-") as folder:
        try:
            MAKERS.update(extensions.makers())
            places = wiring.known_places(settings)
            opened = routes(settings, Path(folder), wiring.secrets(settings), headed=where.headed)
        except (BrowserMissingError, BadEnvironmentsError) as trouble:
            typer.echo(str(trouble), err=True)
            return 2
        if way not in opened:
            typer.echo(_no_way(way, opened), err=True)
            return 2
        account = where.account or places.of(way.system, way.environment).accounts_of(system, way.route)[0]
        try:
            told = [await _one(opened[way], account, *job) for job in jobs]
        finally:
            for route in opened.values():
                await route.close()
    with page.open("w", encoding="utf-8") as file:
        rehearsal.page(title, told, file.write)
    well = sum(one.well for one in told)
    typer.echo(f"{well} of {len(told)} rows came as far as the click; nothing was entered. What the bot saw: {page}")
    return 0 if well == len(told) else 1


async def _one(route: Route, account: str, number: int, job: Job, before: dict[str, str] | None) -> rehearsal.Rehearsed:
    told = await rehearsal.rehearse(route, account, number, job, before)
    typer.echo(f"Row {number}, {told.key}: {told.problem or told.says}")
    return told


def _no_way(way: RouteKey, opened: dict[RouteKey, Route]) -> str:
    known = sorted(f"{one.environment} ({one.route})" for one in opened if one.system == way.system)
    there = f"It can be reached in: {', '.join(known)}." if known else "It has no address here; see docs/settings.md."
    return f"{SYSTEMS[way.system].title} cannot be reached in {way.environment} by {way.route}. {there}"
