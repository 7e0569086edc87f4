"""The step that workflows ask which way an entry takes while its own is held: chosen, written and told in one go."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from core.case import WaitsFor
from core.faults import ByHand
from core.work_item import State
from fallbacks import route_chain
from fallbacks.route_chain import Choice, Held
from records import items, operation_holds, playbooks, route_choice
from records.database import Database
from records.events import append
from records.health import Outage
from records.items import ItemView, Move
from records.operation_holds import OperationHold
from records.route_choice import RouteChoice
from systems.base import DEFERRED, PERSON
from systems.playbooks import ANY
from systems.registry import SYSTEMS


class ChooseRoute(BaseModel):
    """Which item met a hold, the fence at which its workflow knows it, and the ways that its bots have here."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    ways: tuple[str, ...]
    at: datetime


class Chosen(BaseModel):
    """The item as it stands now, and whether it is to stand in line where it is."""

    model_config = ConfigDict(frozen=True)

    item: ItemView
    in_line: bool


class Routes:
    """A local activity; run twice it changes nothing the second time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="choose_route")
    async def choose(self, asked: ChooseRoute) -> Chosen:
        """Choose its way by the rules, and have it take that way; whoever wrote the item meanwhile was quicker."""
        async with self._database.session() as session:
            item = await items.view(session, asked.item_id)
            if item.state is not State.READY or item.fence != asked.fence:
                return Chosen(item=item, in_line=False)
            hold = await operation_holds.standing(session, item)
            if hold is None:  # over, but those before it have not been let go yet
                return Chosen(item=item, in_line=True)
            held = await _held(session, item, asked.ways, await _playbook(session, item, hold))
            choice = route_chain.choose(held)
            news = await route_choice.keep(session, _kept(item, hold, held, choice, asked.at))
            if choice.to != DEFERRED:
                await items.move(session, _move(item, choice), asked.at)
            elif news:
                told = items.told("item.route_chosen", item, **_said(item, choice))
                await append(session, item.case_id, asked.at, told)
            return Chosen(item=await items.view(session, item.id), in_line=choice.to == DEFERRED)


async def _playbook(session: AsyncSession, item: ItemView, hold: OperationHold) -> str:
    """The way that the playbook of this outage names for the item; "" when it names none, or it is no outage."""
    outage = await session.get(Outage, hold.outage_id) if hold.outage_id is not None else None
    if outage is not None and outage.playbook is None:  # its system's default counts before a beat has noted it
        default = await playbooks.chosen(session, outage)
        return default.route_of(item.operation) if default is not None else ""
    routes: dict[str, str] = (outage.playbook or {}).get("routes", {}) if outage is not None else {}
    return routes.get(item.operation) or routes.get(ANY, "")


async def _held(session: AsyncSession, item: ItemView, ways: tuple[str, ...], playbook: str) -> Held:
    free = []
    for way in SYSTEMS[item.system].routes:
        there = item.model_copy(update={"route": way})
        if way in ways and way != item.route and await operation_holds.standing(session, there) is None:
            free.append(way)
    return Held(
        route=item.route,
        chain=SYSTEMS[item.system].chain_of(item.operation),
        free=tuple(free),
        may_be_in=bool(item.confirmation or item.parts_done or item.doubts > item.reentries),
        approved=item.approved is not None,
        playbook=playbook,
    )


def _move(item: ItemView, choice: Choice) -> Move:
    """It stands behind no hold any more; a person is asked to key it, or a bot takes it up by the other way."""
    values: dict[str, Any] = {"held_behind": None, "through_hold": False, "wait_kind": WaitsFor.NOTHING}
    to_person = choice.to == PERSON
    values |= {"code": ByHand.code} if to_person else {"route": choice.to, "next_look_at": None}
    return Move(
        item_id=item.id,
        fence=item.fence,
        to=State.WITH_PERSON if to_person else State.READY,
        event="item.route_chosen",
        values=values,
        data=_said(item, choice),
    )


def _said(item: ItemView, choice: Choice) -> dict[str, str]:
    rule = {"chosen": choice.rule.value, "version": route_chain.VERSION}
    return {"from_route": item.route, "to_route": choice.to, **rule}


def _kept(item: ItemView, hold: OperationHold, held: Held, choice: Choice, now: datetime) -> RouteChoice:
    return RouteChoice(
        item_id=item.id,
        hold_id=hold.id,
        from_route=item.route,
        to_route=choice.to,
        rule=choice.rule.value,
        version=route_chain.VERSION,
        inputs=held.model_dump(mode="json"),
        at=now,
        asked_at=now,
    )
