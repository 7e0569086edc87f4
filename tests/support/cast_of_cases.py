"""The cast of cases that console tests and screenshots show: one of each kind that people meet in a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from core.case import Stage, WaitsFor
from core.work_item import State
from handoff.states import HandoffState
from records.database import Database
from records.handoff import Handoff
from records.notice import Notice, NoticeState
from tests.support.director import Director, picture

PEOPLE = ("Grethe Holm", "Yusuf Demir", "Ana Petrović", "Jean-Luc Moreau", "Siri Bakke", "Tomasz Nowak", "Ines Prado")


@dataclass(frozen=True)
class Cast:
    """The numbers of the seeded cases, by what they show."""

    closed: str
    refused: str
    unknown: str
    offered: str
    picked_up: str
    kept: str
    correction: str
    proposed: str
    second_attempt: str
    held: str


def _marking(order: str, attempt: int = 1) -> dict[str, Any]:
    return {"order_no": order, "reason_code": "12", "attempt": attempt}


async def put_on(database: Database, now: datetime, evidence: Path, screen: bytes | None = None) -> Cast:
    """Seed the whole cast; evidence files go below `evidence`."""
    async with database.session() as session:
        stage = Director(session, now, evidence, screen or picture())
        numbers = {
            "closed": await _closed(stage),
            "refused": await _refused(stage),
            "unknown": await _unknown(stage),
            "offered": await _with_service(stage, "4700126", timedelta(minutes=20), None, PEOPLE[3]),
            "picked_up": await _with_service(stage, "4700127", -timedelta(minutes=35), "agent@example.org", PEOPLE[4]),
            "kept": (await stage.report("4700128", "P-88112328", timedelta(seconds=40))).number,
            "correction": await _correction(stage),
            "proposed": await _proposed(stage),
            "second_attempt": await _second(stage),
            "held": await _held(stage),
        }
    return Cast(**numbers)


async def _closed(stage: Director) -> str:
    ago = timedelta(hours=5)
    case = await stage.report("4700123", "P-88112345", ago)
    await stage.begun(case, ago - timedelta(seconds=3), PEOPLE[0])
    await stage.item(case, ago - timedelta(seconds=12), "mark_failed_delivery", _marking("4700123"), State.DONE)
    await stage.handed(case, timedelta(hours=4), timedelta(hours=1), "agent@example.org")
    done = {"resolution": "reschedule"}
    await stage.told(case, timedelta(hours=3), "handoff.completed", actor="agent@example.org", data=done)
    content = {"order_no": "4700123", "delivery_date": "2026-12-01", "window_code": "2"}
    await stage.item(case, timedelta(minutes=170), "reschedule", content, State.DONE)
    stage.session.add(
        Notice(
            case_id=case.id,
            occurrence=f"{case.number}/1",
            recipient="grethe.holm@example.org",
            subject="New delivery date for your order 4700123",
            body="Dear Grethe Holm,\n\nwe could not deliver your order 4700123. We will deliver it on Tuesday.\n",
            message_id=f"<{case.number}@example.org>",
            state=NoticeState.SENT,
            created_at=stage.now - timedelta(minutes=168),
            sent_at=stage.now - timedelta(minutes=168),
        )
    )
    await stage.told(case, timedelta(minutes=168), "notice.sent")
    await stage.told(case, timedelta(minutes=167), "case.closed", data={"outcome": "rescheduled"})
    stage.at(case, Stage.CLOSED, WaitsFor.NOTHING, timedelta(minutes=167))
    case.outcome, case.closed_at, case.due_at = "rescheduled", stage.now - timedelta(minutes=167), None
    handoff = (await stage.session.exec(select(Handoff).where(Handoff.case_id == case.id))).one()
    handoff.state, handoff.ended_at, handoff.completed_by = (
        HandoffState.COMPLETED,
        stage.now - timedelta(hours=3),
        "agent@example.org",
    )
    handoff.resolution = {"kind": "reschedule"}
    return case.number


async def _refused(stage: Director) -> str:
    ago = timedelta(minutes=47)
    case = await stage.report("4700124", "P-88112346", ago)
    await stage.begun(case, ago - timedelta(seconds=2), PEOPLE[1])
    row = await stage.item(case, ago - timedelta(seconds=9), "mark_failed_delivery", _marking("4700124"), State.REFUSED)
    row.code = "conflict"
    row.differences = [
        {"field": "status", "label": "Status", "wanted": "50", "seen": "20"},
        {"field": "reason", "label": "Reason code", "wanted": "12", "seen": ""},
    ]
    return case.number


async def _unknown(stage: Director) -> str:
    ago = timedelta(minutes=3)
    case = await stage.report("4700125", "P-88112347", ago)
    await stage.begun(case, ago - timedelta(seconds=2), PEOPLE[2], "address")
    row = await stage.item(case, ago - timedelta(seconds=9), "mark_failed_delivery", _marking("4700125"), State.UNKNOWN)
    row.next_look_at, row.wait_kind = stage.now + timedelta(seconds=40), "look"
    return case.number


async def _with_service(stage: Director, order: str, due: timedelta, agent: str | None, person: str) -> str:
    ago = timedelta(hours=2)
    case = await stage.report(order, f"P-881{order[2:]}", ago)
    await stage.begun(case, ago - timedelta(seconds=2), person)
    await stage.item(case, ago - timedelta(seconds=9), "mark_failed_delivery", _marking(order), State.DONE)
    content = {
        "case_ref": case.number,
        "title": f"Failed delivery of order {order}",
        "description": "The delivery failed.",
        "order_no": order,
        "priority": "normal",
        "case_url": "http://127.0.0.1/cases",
    }
    await stage.item(case, ago - timedelta(seconds=30), "open_ticket", content, State.DONE)
    await stage.handed(case, timedelta(minutes=110), due, agent)
    return case.number


async def _correction(stage: Director) -> str:
    ago = timedelta(minutes=26)
    case = await stage.report("4799999", "P-88112399", ago)
    await stage.told(case, ago - timedelta(seconds=2), "case.started")
    await stage.told(case, ago - timedelta(seconds=9), "order.correction_asked", system="orderdesk")
    about, until = "the order desk does not know this order number", stage.now + timedelta(hours=23)
    stage.at(case, Stage.CORRECTION, WaitsFor.PERSON, ago, about=about, mover="the submitter", until=until)
    return case.number


async def _proposed(stage: Director) -> str:
    number = await _with_service(stage, "4700130", timedelta(hours=3), None, PEOPLE[5])
    await stage.report("4700130", "P-88100130", timedelta(minutes=12), reason_text="wrong house number on the label")
    return number


async def _second(stage: Director) -> str:
    case = await stage.report("4700130", "P-88100130", timedelta(seconds=50), attempt=2)
    await stage.begun(case, timedelta(seconds=45), PEOPLE[5])
    await stage.item(case, timedelta(seconds=35), "mark_failed_delivery", _marking("4700130", 2), State.RUNNING)
    return case.number


async def _held(stage: Director) -> str:
    ago = timedelta(minutes=9)
    case = await stage.report("4700131", "P-88112348", ago)
    await stage.begun(case, ago - timedelta(seconds=2), PEOPLE[6], "carrier")
    row = await stage.item(case, ago - timedelta(seconds=9), "mark_failed_delivery", _marking("4700131"), State.BROKEN)
    row.state, row.wait_kind, row.next_look_at = State.READY, "held_system", stage.now + timedelta(seconds=25)
    row.code = "system_down"
    return case.number
