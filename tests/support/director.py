"""Puts cases into the records at chosen moments, as intake, workflows and bots would leave them; with evidence."""

import hashlib
import struct
import uuid
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, WaitsFor
from core.work_item import State
from handoff.failed_delivery import CASE_PREFIX, JOURNEY, FailedDeliveryReport
from handoff.packet import Customer, Packet
from handoff.states import HandoffState
from records import intake, items
from records.case import Case
from records.events import Happened, append
from records.handoff import Handoff
from records.trail import Decision, Evidence
from records.work_item import Attempt, WorkItem
from systems.registry import operation_of


class Director:
    """Puts cases into the records at chosen moments."""

    def __init__(self, session: AsyncSession, now: datetime, evidence: Path, picture: bytes) -> None:
        self.session = session
        self.now = now
        self.evidence = evidence
        self.picture = picture

    async def report(self, order: str, parcel: str, ago: timedelta, **changes: Any) -> Case:
        """Hand a report in, as the form does."""
        report = FailedDeliveryReport(
            **{
                "order_no": order,
                "parcel_no": parcel,
                "failed_on": (self.now - ago).date(),
                "reason_text": "nobody answered the door, card left",
                "driver_note": "Second floor, bell out of order.",
                "reported_by": "Depot North",
                **changes,
            }
        )
        work = intake.HandedIn(
            journey=JOURNEY,
            prefix=CASE_PREFIX,
            workflow_type="FailedDeliveryWorkflow",
            task_queue="baton",
            business_key=report.business_key,
            subject_key=report.subject_key,
            order_no=report.order_no,
            parcel_no=report.parcel_no,
            attempt=report.attempt,
            content=report.model_dump(mode="json"),
            source="form",
            submitted_by="ops@example.org",
        )
        receipt = await intake.hand_in(self.session, work, self.now - ago)
        return (await self.session.exec(select(Case).where(Case.id == receipt.case_id))).one()

    async def told(self, case: Case, ago: timedelta, name: str, **tags: Any) -> None:
        """An event."""
        tags.setdefault("actor", "baton")
        data = tags.pop("data", {})
        await append(self.session, case.id, self.now - ago, Happened(name=name, data=data, **tags))

    async def begun(self, case: Case, ago: timedelta, person: str, cause: str = "absence") -> None:
        """Started, order read, cause decided."""
        case.customer_no, case.customer_name, case.tier, case.cause = f"K-{case.order_no[2:]}", person, "B", cause
        await self.told(case, ago, "case.started")
        await self.told(case, ago - timedelta(seconds=4), "order.read", system="orderdesk")
        self.session.add(
            Decision(
                case_id=case.id,
                rule="failed-delivery-cause",
                version="3",
                inputs={"reason_text": "nobody answered the door, card left"},
                verdict={"cause": cause, "reason": "the words say that nobody was there"},
                at=self.now - ago + timedelta(seconds=4),
            )
        )
        decided = {"cause": cause, "version": "3"}
        await self.told(case, ago - timedelta(seconds=5), "cause.decided", data=decided)
        self.at(case, Stage.MARKING, WaitsFor.NOTHING, ago, about="marking the order")

    def at(self, case: Case, stage: Stage, kind: WaitsFor, ago: timedelta, **wait: Any) -> None:
        """Where the case stands, and what it waits for."""
        case.stage, case.wait_kind, case.wait_since = stage, kind, self.now - ago
        case.wait_about, case.wait_mover = wait.get("about", ""), wait.get("mover", "Baton")
        case.wait_until = wait.get("until")
        case.updated_at = self.now - ago

    async def item(self, case: Case, ago: timedelta, operation: str, content: dict[str, Any], state: State) -> WorkItem:
        """A work item that has come to `state`, with one try and its evidence."""
        system = "servicedesk" if "ticket" in operation else "orderdesk"
        intent = items.Intent(
            id=uuid.uuid4(),
            case_id=case.id,
            system=system,
            operation=operation,
            kind=operation_of(system, operation).kind,
            target_key=case.number if system == "servicedesk" else case.order_no,
            occurrence=f"{case.number}/{operation}",
            content=content,
            before={"status": "30", "reason": "", "attempt": "0"} if operation == "mark_failed_delivery" else None,
        )
        began = self.now - ago
        made = await items.create(self.session, intent, began)
        row = await self.session.get_one(WorkItem, made.id)
        row.state, row.attempts, row.fence, row.wait_since = state, 1, 3, began + timedelta(seconds=9)
        row.updated_at = row.wait_since
        if state is State.DONE:
            row.ended_at, row.confirmation = began + timedelta(seconds=9), "0001234"
        attempt = Attempt(
            item_id=row.id,
            number=1,
            fence=1,
            account="bot01",
            started_at=began + timedelta(seconds=1),
            ended_at=began + timedelta(seconds=9),
            outcome=state.value if state in (State.DONE, State.REFUSED, State.UNKNOWN, State.BROKEN) else "broken",
            steps=[{"step": name, "at_seconds": at} for name, at in STEPS],
        )
        self.session.add(attempt)
        await self.session.flush()
        await self.told(case, ago - timedelta(seconds=1), "attempt.enter", **self._tags(row, attempt=1))
        await self.told(case, ago - timedelta(seconds=9), f"item.{state.value}", **self._tags(row, code=row.code))
        if system == "orderdesk":
            self._film(case, row, attempt, state)
        return row

    @staticmethod
    def _tags(row: WorkItem, **data: Any) -> dict[str, Any]:
        return {
            "system": row.system,
            "item_id": row.id,
            "data": {"operation": row.operation, "reference": row.reference, **data},
        }

    def _film(self, case: Case, row: WorkItem, attempt: Attempt, state: State) -> None:
        frames = ["before_submit", "after_submit"] if state is State.DONE else ["before_submit", "trouble"]
        papers = [("screenshot", taken, "screen.png") for taken in frames]
        papers += [("snapshot", frames[-1], "page.yaml")] + (
            [("trace", "trouble", "trace.zip")] * (state is not State.DONE)
        )
        for number, (kind, taken, name) in enumerate(papers):
            path = f"{case.id}/{attempt.id}/{number:02d}-{taken}-{name}"
            place = self.evidence / path
            place.parent.mkdir(parents=True, exist_ok=True)
            data = self.picture if kind == "screenshot" else b"- heading: Order 4700123\n- text: ORD-201 saved\n"
            place.write_bytes(data)
            self.session.add(
                Evidence(
                    case_id=case.id,
                    item_id=row.id,
                    attempt_id=attempt.id,
                    kind=kind,
                    taken=taken,
                    path=path,
                    size=len(data),
                    sha256=hashlib.sha256(data).hexdigest(),
                    at=attempt.started_at + timedelta(seconds=5 + number),
                )
            )

    async def handed(self, case: Case, ago: timedelta, due: timedelta, agent: str | None = None) -> None:
        """Offered to service, and perhaps picked up."""
        offered, state = self.now - ago, HandoffState.PICKED_UP if agent else HandoffState.OFFERED
        packet = Packet(
            case_number=case.number, happened="The delivery failed.", customer=Customer(name=case.customer_name)
        )
        case.ticket_no, case.due_at = f"T-{case.number[-6:]}", self.now + due
        self.session.add(
            Handoff(
                case_id=case.id,
                queue="service",
                state=state,
                why="The delivery failed; service decides how it goes on.",
                packet=packet.model_dump(mode="json"),
                offered_at=offered,
                due_at=self.now + due,
                picked_up_by=agent,
                picked_up_at=offered + timedelta(minutes=5) if agent else None,
            )
        )
        self.at(case, Stage.WITH_SERVICE, WaitsFor.NOTHING, ago, about="service handoff")
        data = {"queue": "service", "why": "The delivery failed; service decides how it goes on.", "number": 1}
        await self.told(case, ago, "handoff.offered", data=data)
        if agent:
            await self.told(case, ago - timedelta(minutes=5), "handoff.picked_up", actor=agent)


STEPS = (("open a page", 0.1), ("sign in", 0.6), ("find", 1.2), ("enter", 2.4), ("submit", 3.1), ("read back", 4.0))


def picture(width: int = 480, height: int = 300) -> bytes:
    """A small picture that stands for a screen."""
    row = b"\x00" + bytes(value for x in range(width) for value in (230, 232, 240 - x % 64))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row * height))]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body
