"""Everything that a case's page shows, gathered in one go and put into the order in which people ask."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import strip, timeline, words
from console.item_view import ItemCard, item_cards
from core.case import Wait
from core.work_item import NEEDS_PERSON
from handoff import routing
from handoff.booking import JOURNEY, BookingRequest
from handoff.failed_delivery import FailedDeliveryReport
from handoff.states import HandoffState
from records import problems, processes, waiting_acts
from records.access import Action
from records.case import Case
from records.gone import GoneProcess
from records.handoff import Handoff
from records.notice import Notice
from records.people import User
from records.problem import Problem
from records.stuck import BOT, of_items
from records.submission import Submission, Verdict
from records.trail import Decision, Event
from records.waiting_act import WaitingAct
from records.waits import waits

IN_HEAD = ("order_no", "parcel_no", "attempt")
"""What stands in the page's head anyway."""
EVENTS = 500
"""The newest events that a page shows; an ordinary case has about forty."""


@dataclass(frozen=True)
class Change:
    """One field of a report in which a proposal differs: its label, what stands now, what is proposed."""

    label: str
    now: str
    proposed: str
    differs: bool


@dataclass(frozen=True)
class Proposal:
    """Other content that arrived under the same key, beside what the case stands on."""

    submission: Submission
    changes: list[Change]


@dataclass(frozen=True)
class CaseView:
    """A case's page."""

    case: Case
    wait: Wait | None
    steps: list[strip.Step]
    entries: list[timeline.Entry]
    last_event: int
    items: list[ItemCard]
    handoff: Handoff | None
    decision: Decision | None
    report: dict[str, Any]
    submission: Submission | None
    proposals: list[Proposal]
    notices: list[Notice]
    linked: list[Case]
    waiting: Sequence[WaitingAct] = ()
    tied_to: Problem | None = None
    gone: GoneProcess | None = None
    names: dict[str, str] = field(default_factory=dict)
    passed_on: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    """Items that a bot could not finish, with the handoff by which they wait for somebody."""

    @property
    def failing(self) -> list[ItemCard]:
        """Items that need a person."""
        return [card for card in self.items if card.item.state in NEEDS_PERSON]

    def name(self, email: str | None) -> str:
        """A person's name by e-mail address."""
        return self.names.get(email or "", email or "")


async def by_number(session: AsyncSession, number: str) -> Case | None:
    """The case with this number, however it is typed."""
    return (await session.exec(select(Case).where(Case.number == number.strip().upper()))).one_or_none()


async def gather(session: AsyncSession, case: Case, now: datetime) -> CaseView:
    """Read everything about the case that its page shows."""
    events, items = await _events(session, case.id), await item_cards(session, case.id)
    submissions = list(
        await session.exec(
            select(Submission).where(Submission.case_id == case.id).order_by(col(Submission.received_at))
        )
    )
    standing = _standing(submissions)
    report = standing.content if standing else {}
    return CaseView(
        case=case,
        wait=(await waits(session, [case])).get(case.id),
        steps=strip.steps(case, events, now),
        entries=timeline.entries(events, await _names(session, events)),
        last_event=max((event.id or 0 for event in events), default=0),
        items=items,
        handoff=await _handoff(session, case.id),
        decision=await _decision(session, case.id),
        report=report,
        submission=standing,
        proposals=[_proposal(found, report) for found in submissions if found.verdict is Verdict.PROPOSED],
        notices=list(
            await session.exec(select(Notice).where(Notice.case_id == case.id).order_by(col(Notice.created_at)))
        ),
        linked=await _linked(session, case),
        waiting=await waiting_acts.of_case(session, case.id),
        tied_to=await problems.of_case(session, case.id),
        gone=next(iter(await processes.gone(session, case.id)), None),
        names=await _names(session, events),
        passed_on=await of_items(session, [card.item.id for card in items if card.needs_person]),
    )


async def _events(session: AsyncSession, case_id: uuid.UUID) -> list[Event]:
    newest = await session.exec(
        select(Event).where(Event.case_id == case_id).order_by(col(Event.id).desc()).limit(EVENTS)
    )
    return list(newest)[::-1]


async def _names(session: AsyncSession, events: Sequence[Event]) -> dict[str, str]:
    emails = {event.actor for event in events if "@" in event.actor}
    if not emails:
        return {}
    people = await session.exec(select(User).where(col(User.email).in_(emails)))
    return {person.email: person.name for person in people}


async def _handoff(session: AsyncSession, case_id: uuid.UUID) -> Handoff | None:
    """The case's own; an entry that a bot passed on has one beside it, which stands with the entry."""
    own = select(Handoff).where(Handoff.case_id == case_id, Handoff.kind != BOT)
    newest = own.order_by(col(Handoff.number).desc()).limit(1)
    return (await session.exec(newest)).one_or_none()


async def _decision(session: AsyncSession, case_id: uuid.UUID) -> Decision | None:
    of_case = select(Decision).where(Decision.case_id == case_id, Decision.rule != routing.RULE)
    newest = of_case.order_by(col(Decision.at).desc()).limit(1)
    return (await session.exec(newest)).one_or_none()


async def _linked(session: AsyncSession, case: Case) -> list[Case]:
    same = select(Case).where(Case.subject_key == case.subject_key, Case.id != case.id)
    return list(await session.exec(same.order_by(col(Case.opened_at)).limit(20)))


def _standing(submissions: Sequence[Submission]) -> Submission | None:
    """What the case stands on: the newest accepted content, else the one that opened it."""
    counted = [found for found in submissions if found.verdict in (Verdict.STARTED, Verdict.ACCEPTED)]
    return counted[-1] if counted else None


def _proposal(submission: Submission, report: dict[str, Any]) -> Proposal:
    fields = form_of(report).model_fields
    idle = set(_idle(report)) & set(_idle(submission.content))
    changes = [
        Change(
            label=info.title or name,
            now=_said(name, report),
            proposed=_said(name, submission.content),
            differs=report.get(name, "") != submission.content.get(name, ""),
        )
        for name, info in fields.items()
        if name not in idle
    ]
    return Proposal(submission=submission, changes=changes)


def _said(name: str, content: Mapping[str, Any]) -> str:
    value = content.get(name)
    return words.given(name, str(value)) if value not in (None, "") else ""


def facts(report: dict[str, Any], without: Sequence[str] = IN_HEAD) -> list[tuple[str, str]]:
    """What was reported, as label and text, without what stands in the page's head."""
    known = form_of(report).model_fields
    return [
        (info.title or name, words.given(name, str(report[name])))
        for name, info in known.items()
        if report.get(name) not in (None, "") and name not in (*without, *_idle(report))
    ]


def _idle(report: Mapping[str, Any]) -> list[str]:
    """The hours of a wish that nobody has."""
    return [f"slot_{number}" for number in (2, 3) if not report.get(f"day_{number}")]


def form_of(content: Mapping[str, Any]) -> type[BaseModel]:
    """The form that was handed in."""
    return BookingRequest if "day_1" in content else FailedDeliveryReport


def reviewing(case: Case) -> Action:
    """What somebody must be allowed to do to say yes or no to other content of this case."""
    return Action.REVIEW_BOOKING if case.journey == JOURNEY else Action.REVIEW_PROPOSAL


def is_open(handoff: Handoff | None) -> bool:
    """Whether somebody can still act on the handoff."""
    return handoff is not None and handoff.state in (HandoffState.OFFERED, HandoffState.PICKED_UP)
