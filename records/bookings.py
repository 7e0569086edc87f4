"""What a customer sees and says of an appointment by the link in their mail: read from the case, kept with a signal."""

import hmac
from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff import links
from handoff.booking import JOURNEY, Place, Window, spoken_day, spoken_hours
from records.case import Case
from records.events import Happened, append
from records.outbox import CHANNEL, OutboxRow
from records.trail import Decision, Event

STANDS, LINK = "booking.stands", "booking.link_made"
RESCHEDULED, CANCELLED = "customer.rescheduled", "customer.cancelled"


class Seen(BaseModel):
    """An appointment as its customer sees it: where it stands, what else was free, and what they asked for since."""

    model_config = ConfigDict(frozen=True)

    place: Place | None = None
    offers: tuple[Window, ...] = ()
    asked: str = ""


async def by_token(session: AsyncSession, token: str) -> Case | None:
    """The case whose link this is; a link is the number of a case and a secret of which only the hash is kept."""
    number, _, secret = token.partition(".")
    case = (await session.exec(select(Case).where(Case.number == number, Case.journey == JOURNEY))).one_or_none()
    if case is None:
        return None
    made = await session.exec(select(Event.data).where(Event.case_id == case.id, Event.name == LINK))
    known = any(hmac.compare_digest(str(data["hash"]), links.hashed(secret)) for data in made)
    return case if known else None


async def seen(session: AsyncSession, case: Case, today: date) -> Seen:
    """What the customer's page shows; free slots are those of the board's last reading."""
    told = select(Event).where(Event.case_id == case.id, col(Event.name).in_((STANDS, RESCHEDULED, CANCELLED)))
    events = (await session.exec(told.order_by(col(Event.id)))).all()
    stood = [event for event in events if event.name == STANDS]
    place = Place.model_validate(stood[-1].data) if stood else None
    newest = events[-1] if events else None
    asked = "" if newest is None or newest.name == STANDS else str(newest.data.get("spoken", "cancel"))
    return Seen(place=place, offers=tuple(_offers(await _free(session, case), place, today)), asked=asked)


async def reschedule(session: AsyncSession, case: Case, key: str, window: Window, now: datetime) -> None:
    """Keep the customer's choice, and have the case told, once for each `key`."""
    said = {**window.model_dump(mode="json"), "spoken": f"{spoken_day(window.day)}, {spoken_hours(window.slot)}"}
    await _keep(session, case, key, Happened(name=RESCHEDULED, actor="customer", data=said), now)


async def cancel(session: AsyncSession, case: Case, key: str, now: datetime) -> None:
    """Keep that nobody is to come, and have the case told, once."""
    await _keep(session, case, key, Happened(name=CANCELLED, actor="customer"), now)


async def _keep(session: AsyncSession, case: Case, key: str, happened: Happened, now: datetime) -> None:
    """The signal is called as the event, without its first word."""
    row = OutboxRow(
        case_id=case.id,
        workflow_type="BookingDispatchWorkflow",
        workflow_id=f"{JOURNEY}/{case.number}",
        signal=happened.name.partition(".")[2],
        key=key,
        task_queue="",  # a signal goes to what runs already
        argument={"id": key, **happened.data},
        created_at=now,
        next_try_at=now,
    )
    connection = await session.connection()
    statement = insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing()
    made = await connection.execute(statement.returning(col(OutboxRow.id)))
    if made.scalar_one_or_none() is not None:
        await append(session, case.id, now, happened)
        await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


async def _free(session: AsyncSession, case: Case) -> Sequence[Place]:
    newest = select(Decision.verdict).where(Decision.case_id == case.id).order_by(col(Decision.at).desc()).limit(1)
    verdict = (await session.exec(newest)).first() or {}
    return [Place.model_validate(one) for one in verdict.get("alternatives", ())]


def _offers(free: Sequence[Place], place: Place | None, today: date) -> list[Window]:
    taken = (place.day, place.slot) if place is not None else None
    there = [one for one in free if one.day > today and (one.day, one.slot) != taken]
    return [Window.model_validate({"day": one.day, "slot": one.slot}) for one in there]
