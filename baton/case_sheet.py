"""`baton case REF`: one case in plain text, read from the records alone, so that it is there when all else is away."""

import asyncio
import json
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton.lines import Lines
from console import item_acts, words
from core import clock
from core.settings import Settings
from records import dossier
from records.case import Case
from records.database import Database
from records.dossier import Dossier
from records.holds import Holder
from records.trail import Evidence
from records.work_item import WorkItem
from systems.base import PRODUCTION

FOUND, NOT_FOUND, AWAY = 0, 1, 2


def case(settings: Settings, reference: str, *, as_json: bool = False) -> int:
    """Print the case that bears the reference. Exit status 1: none or several do; 2: the records cannot be read."""
    try:
        found, read = asyncio.run(look(settings, reference))
    except (DBAPIError, PoolTimeout, OSError):
        _said("PostgreSQL does not answer or holds no Baton: see `baton check`.")
        return AWAY
    if read is not None:
        _show(read, settings, as_json=as_json)
        return FOUND
    if as_json:
        print(json.dumps({"cases": [one.number for one in found]}))
    elif not found:
        _said(f"No case bears {reference}: neither its number nor an order, parcel, ticket, customer or bot reference.")
    else:
        several(found).show()
    return NOT_FOUND


async def look(settings: Settings, reference: str) -> tuple[list[Case], Dossier | None]:
    """The cases that bear the reference, and everything about it when it is exactly one."""
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            found = await dossier.find(session, reference)
            return found, await dossier.read(session, found[0]) if len(found) == 1 else None
    finally:
        await database.close()


def several(cases: list[Case]) -> Lines:
    """One line for each case, so that the reader can choose."""
    lines = Lines()
    for one in cases:
        about = f"order {one.order_no}, parcel {one.parcel_no}, attempt {one.attempt}"
        lines.add(one.number, f"{words.stage(one.stage)}; {about}")
    return lines


def told(read: Dossier, console: str, now: datetime) -> Lines:
    """The case as lines: where it stands, what it waits for, what was done, what is left behind."""
    lines = Lines()
    _standing(lines, read, now)
    _about(lines, read.case)
    for item in read.items:
        lines.add("Items", of_item(item))
        for sentence in beside(item, read.holders.get(item.id)):
            lines.add("Items", f"  {sentence}")
    for notice in read.notices:
        lines.add("Mail", f"{notice.subject}: {notice.state.value}{f' ({notice.code})' if notice.code else ''}")
    for event in read.events:
        lines.add("Events", f"{at(event.at)}  {words.event(event.name, event.system, event.data)} ({event.actor})")
    for piece in read.evidence:
        gone = ", not kept (any more)" if piece.dropped or piece.removed_at else ""
        lines.add("Evidence", f"{shown_at(piece, console)}  {piece.kind}, {piece.taken}, {at(piece.at)}{gone}", "quiet")
    return lines


def shown_at(piece: Evidence, console: str) -> str:
    """Where the console shows it, for what lies in the store is encrypted; what is masked asks for a reason there."""
    return f"{console}/evidence/{piece.of}/reveals" if piece.of is not None else f"{console}/evidence/{piece.id}"


def _standing(lines: Lines, read: Dossier, now: datetime) -> None:
    one = read.case
    lines.add("Case", f"{one.number}, {one.journey}, {words.stage(one.stage)}")
    if read.wait is not None:
        until = f", {read.wait.towards} {at(read.wait.until)}" if read.wait.until else ""
        lines.add("Waits", f"{read.wait.sentence()} For {words.lasting(now - read.wait.since)}{until}.")
    elif one.outcome:
        lines.add("Outcome", words.outcome(one.outcome))


def _about(lines: Lines, one: Case) -> None:
    customer = f"{one.customer_no} {one.customer_name}, tier {one.tier or '-'}" if one.customer_no else ""
    known = {
        "Order": f"{one.order_no}, parcel {one.parcel_no}, attempt {one.attempt}",
        "Customer": customer,
        "Cause": words.humanised(one.cause),
        "Ticket": one.ticket_no,
        "Opened": f"{at(one.opened_at)} by {one.submitted_by}",
        "Due": at(one.due_at) if one.due_at and not one.closed_at else "",
    }
    for label, sentence in known.items():
        if sentence:
            lines.add(label, sentence)


def of_item(item: WorkItem) -> str:
    """One work item: what it does, how it stands and why, and by which reference it is found on the system."""
    standing = words.humanised(item.state.value).lower()
    why = f": {words.fault(item.code)}" if item.code else ""
    keyed = f", confirmation {item.confirmation}" if item.confirmation else ""
    what = words.operation(item.system, item.operation)
    return f"{what} ({item.target_key}, {item.reference}), attempts {item.attempts}, {standing}{why}{keyed}"


def beside(item: WorkItem, holder: Holder | None) -> list[str]:
    """What else is to be known of an item that is still open: its way, what is in, who has it, when Baton looks."""
    if item.ended_at is not None:
        return []
    place = "" if item.environment == PRODUCTION else f", in {item.environment}"
    known = {
        f"by way of: {item_acts.ROUTES.get(item.route, item.route).lower()}{place}": item.route != "bot" or bool(place),
        f"{item.parts_done} of its parts {'is' if item.parts_done == 1 else 'are'} in": bool(item.parts_done),
        f"entered again {item.reentries} times after a look did not find it": bool(item.reentries),
        f"Baton looks or tries at {at(item.next_look_at)}" if item.next_look_at else "": item.next_look_at is not None,
        f"{holder.name} has it until {at(holder.until)}" if holder else "": holder is not None,
        f"revision {item.revision}": item.revision > 1,
        "other values for it came in; nothing was changed": item.proposed is not None,
    }
    return [sentence for sentence, holds in known.items() if holds]


def at(moment: datetime) -> str:
    """A moment in this machine's time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _show(read: Dossier, settings: Settings, *, as_json: bool) -> None:
    console = settings.console_url.rstrip("/")
    if as_json:
        print(json.dumps(as_data(read, console), indent=1))
    else:
        told(read, console, clock.now()).show()


def as_data(read: Dossier, console: str) -> dict[str, Any]:
    """The same for programs; `wait` carries its sentence, and each piece of evidence its address."""
    wait = {**read.wait.model_dump(mode="json"), "sentence": read.wait.sentence()} if read.wait else None
    return {
        "case": read.case.model_dump(mode="json", exclude={"search", "run_ordinal", "seq"}),
        "wait": wait,
        "items": [item.model_dump(mode="json") for item in read.items],
        "notices": [notice.model_dump(mode="json") for notice in read.notices],
        "events": [event.model_dump(mode="json") for event in read.events],
        "evidence": [{**piece.model_dump(mode="json"), "address": shown_at(piece, console)} for piece in read.evidence],
    }


def _said(sentence: str) -> None:
    print(sentence)
