"""The same cases for programs: filters as in the list, and what each one waits for."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from console import case_list, case_view, item_answer
from console.access import Parts, SeesCases
from console.case_list import Row
from console.item_answer import ItemAnswer
from console.problems import not_found
from console.routes.cases import read
from core.case import Wait

router = APIRouter(prefix="/api/cases")


class WaitAnswer(BaseModel):
    """What an open case waits for: the same words as on its page."""

    model_config = ConfigDict(frozen=True)

    kind: str
    sentence: str
    since: datetime
    until: datetime | None
    mover: str


class CaseAnswer(BaseModel):
    """A case as programs see it."""

    model_config = ConfigDict(frozen=True)

    number: str
    journey: str
    stage: str
    order_no: str
    parcel_no: str
    attempt: int
    customer_no: str
    customer_name: str
    tier: str
    cause: str
    ticket_no: str
    outcome: str
    submitted_by: str
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    url: str
    wait: WaitAnswer | None


class EventAnswer(BaseModel):
    """One thing that happened."""

    model_config = ConfigDict(frozen=True)

    id: int
    at: datetime
    name: str
    who: str
    sentence: str


class CasePage(BaseModel):
    """One page of cases; `next` is the `after` of the next page, or empty; `count` stops at 10,001."""

    model_config = ConfigDict(frozen=True)

    cases: list[CaseAnswer]
    count: int
    next: str


class WholeCase(CaseAnswer):
    """One case with its work items and its timeline."""

    items: list[ItemAnswer]
    timeline: list[EventAnswer]
    linked: list[str]


@router.get("")
async def listing(request: Request, parts: Parts, person: SeesCases) -> CasePage:
    """Cases by `q`, `which`, `stage`, `wait`, `cause`, `mine`, `sort` and `after`."""
    async with parts.database.session() as session:
        found = await case_list.find(session, read(request), person.email)
    base = parts.settings.console_url
    return CasePage(cases=[_answer(row, base) for row in found.rows], count=found.counted, next=found.next)


@router.get("/{number}")
async def one(parts: Parts, _person: SeesCases, number: str) -> WholeCase:
    """One case, its work items and its timeline."""
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
        if case is None:
            raise not_found("Case", number)
        view = await case_view.gather(session, case, parts.clock())
    whole: dict[str, Any] = _answer(Row(case=view.case, wait=view.wait), parts.settings.console_url).model_dump()
    items = [item_answer.of(card) for card in view.items]
    timeline = [EventAnswer(id=e.id, at=e.at, name=e.name, who=e.who, sentence=e.sentence) for e in view.entries]
    return WholeCase(**whole, items=items, timeline=timeline, linked=[linked.number for linked in view.linked])


def _answer(row: Row, base: str) -> CaseAnswer:
    case = row.case
    fields = set(CaseAnswer.model_fields) - {"url", "wait"}
    return CaseAnswer(
        **case.model_dump(include=fields), url=f"{base}/cases/{case.number}", wait=_wait(row.wait) if row.wait else None
    )


def _wait(wait: Wait) -> WaitAnswer:
    return WaitAnswer(
        kind=wait.kind.value, sentence=wait.sentence(), since=wait.since, until=wait.until, mover=wait.mover
    )
