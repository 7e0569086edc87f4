"""What a playbook does while its outage lasts: clocks stand; customers and people of the house hear of it, once."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff import messages
from handoff.policy import Policy
from records import health, hearing, notices, outage_hits, playbooks, told
from records.bookkeeping import NoticeIntent, to_send
from records.case import Case
from records.handoff import Handoff
from records.health import Outage
from records.notice import Notice, NoticeState
from records.outage_hits import CustomerHit, HandoffHit
from records.playbook import OutagePause
from records.told import Tell
from systems.playbooks import CustomerText, Playbook, filled
from systems.registry import SYSTEMS

OVER_FOR = timedelta(hours=1)
"""So long after an outage it is seen to that what was begun for it ends."""
QUIET = timedelta(minutes=5)
"""A system that is back so long is back: customers are told no earlier that it goes on."""
_SENT = (NoticeState.SENDING, NoticeState.SENT, NoticeState.UNKNOWN)


async def unfinished(session: AsyncSession, now: datetime) -> list[uuid.UUID]:
    """The outages that something may still be done for: those that last, and those that ended lately."""
    open_pause = select(OutagePause.outage_id).where(col(OutagePause.ended_at).is_(None))
    asked = select(Outage.id).where(
        or_(col(Outage.ended_at).is_(None), col(Outage.ended_at) > now - OVER_FOR, col(Outage.id).in_(open_pause))
    )
    return list(await session.exec(asked.order_by(col(Outage.began_at))))


async def follow(session: AsyncSession, outage_id: uuid.UUID, policies: Mapping[str, Policy], now: datetime) -> int:
    """Bring everything to where the playbook of this outage has it now; how much that changed.

    `policies` are those that a clock may be switched to, by name. The outage is locked: who chooses another playbook
    does it before this, or after it.
    """
    outage = await session.get_one(Outage, outage_id, with_for_update=True, populate_existing=True)
    if outage.ended_at is not None:
        return await _end_pauses(session, outage, {}, now) + await _all_over(session, outage, now)
    playbook = await playbooks.chosen(session, outage)
    if playbook is not None and outage.playbook is None:
        playbooks.choose(outage, playbook, playbooks.BY_ITSELF, now)
    done = await _clocks(session, outage, playbook, policies, now)
    if playbook is None:
        return done + await _take_back(session, outage, now)
    await told.tell(session, now, *(_telling(outage, playbook, to) for to in playbook.tell))
    return done + await _customers(session, outage, playbook, now)


def reason(outage: Outage) -> str:
    """Why clocks stand, as every screen says it."""
    return f"outage of the {title(outage)}"


def title(outage: Outage) -> str:
    """What people call the system."""
    return SYSTEMS[outage.system].title if outage.system in SYSTEMS else outage.system


def written(text: CustomerText, customer: CustomerHit, outage: Outage, *, over: bool = False) -> messages.Message:
    """The mail to this customer, just as it goes."""
    values = {
        "name": customer.name,
        "case_number": customer.number,
        "order_no": customer.order_no,
        "system": title(outage),
        "since": f"{outage.began_at.astimezone(UTC):%d %B, %H:%M} UTC",
    }
    subject, body = (text.over_subject, text.over_text) if over else (text.subject, text.text)
    return messages.outage(
        filled(subject, values), filled(body, values), name=customer.name, case_number=customer.number
    )


async def pauses(session: AsyncSession, outage_id: uuid.UUID) -> list[OutagePause]:
    """What stands for it now."""
    asked = select(OutagePause).where(OutagePause.outage_id == outage_id, col(OutagePause.ended_at).is_(None))
    return list(await session.exec(asked))


async def told_customers(session: AsyncSession, outage: Outage) -> list[Notice]:
    """The mails that customers get, or got, for it."""
    mine = col(Notice.occurrence).startswith(f"{notices.OUTAGE}{outage.id}/")
    asked = select(Notice).where(notices.OF_OUTAGES, mine, col(Notice.created_at) >= outage.began_at)
    return list(await session.exec(asked.order_by(col(Notice.created_at))))


# -- clocks ----------------------------------------------------------------------------------------------------------


async def _clocks(
    session: AsyncSession, outage: Outage, playbook: Playbook | None, policies: Mapping[str, Policy], now: datetime
) -> int:
    """Handoffs that it hits stand as the playbook says; others go on."""
    wanted: dict[uuid.UUID, tuple[HandoffHit, dict[str, Any]]] = {}
    if playbook is not None and playbook.clocks:
        for hit in await outage_hits.handoffs(session, outage):
            word = _word(outage, playbook, hit, policies)
            if word["stand"] or word["instead"]:
                wanted[hit.id] = (hit, word)
    ended = await _end_pauses(session, outage, {key: word for key, (_, word) in wanted.items()}, now)
    standing = {pause.handoff_id for pause in await pauses(session, outage.id)}
    fresh = [found for key, found in wanted.items() if key not in standing][: outage_hits.AT_ONCE]
    for hit, word in fresh:
        pause = OutagePause(outage_id=outage.id, handoff_id=hit.id, case_id=hit.case_id, word=word, began_at=now)
        session.add(pause)
        said = {**word, "key": str(pause.id), "what": "hit"}
        await hearing.tell_of_outage(session, hit.case_id, hit.id, said, now)
    return ended + len(fresh)


async def _end_pauses(
    session: AsyncSession, outage: Outage, wanted: Mapping[uuid.UUID, dict[str, Any]], now: datetime
) -> int:
    """What is not wanted any more, or otherwise than it was said, is over; a handoff that has ended hears nothing."""
    ended = 0
    for pause in await pauses(session, outage.id):
        if wanted.get(pause.handoff_id) == pause.word:
            continue
        pause.ended_at = now
        ended += 1
        handoff = await session.get_one(Handoff, pause.handoff_id)
        if handoff.ended_at is None:
            said = {"reason": pause.word["reason"], "key": str(pause.id), "what": "over"}
            await hearing.tell_of_outage(session, pause.case_id, pause.handoff_id, said, now)
    await session.flush()
    return ended


def _word(outage: Outage, playbook: Playbook, hit: HandoffHit, policies: Mapping[str, Policy]) -> dict[str, Any]:
    """What its clocks do; a clock that its new policy has no time for stands."""
    stand: list[str] = []
    instead: dict[str, Any] = {}
    for rule in playbook.rules_of(hit.journey, "entry" if hit.of_entry else "case"):
        targets = policies[rule.policy].targets() if rule.policy in policies else ()
        target = next((one for one in targets if one.kind == rule.clock), None)
        if target is None:
            stand.append(rule.clock)
        else:
            instead[rule.clock] = target.model_dump(mode="json")
    return {"reason": reason(outage), "stand": stand, "instead": instead}


# -- people ----------------------------------------------------------------------------------------------------------


def _telling(outage: Outage, playbook: Playbook, to: str) -> Tell:
    """What one of the house hears, once for each playbook that counts."""
    place = "" if outage.environment == "production" else f" ({outage.environment})"
    return Tell(
        kind="playbook",
        occurrence=f"{notices.OUTAGE}{outage.id}/{playbook.name}/{playbook.version}",
        to=to,
        text=f"While the {title(outage)}{place} is out, the playbook “{playbook.called}” is followed: {playbook.about}",
        path=f"/dependencies?system={outage.system}",
    )


async def _customers(session: AsyncSession, outage: Outage, playbook: Playbook, now: datetime) -> int:
    """The mail to each customer of a case that waits, once the outage lasts long enough for it."""
    lasts = now - outage.began_at
    due = {
        journey: text for journey, text in playbook.customers.items() if lasts >= timedelta(minutes=text.after_minutes)
    }
    if not due:
        return 0
    kept = 0
    for customer in await outage_hits.customers(session, outage, now, mailed=due):
        kept += await _keep(session, outage, customer, written(due[customer.journey], customer, outage), "hit", now)
    return kept


async def _all_over(session: AsyncSession, outage: Outage, now: datetime) -> int:
    """What was not sent yet never goes; who was told that it takes longer is told that it goes on, where declared."""
    done = await _take_back(session, outage, now)
    texts = {} if outage.playbook is None else Playbook.model_validate(outage.playbook).customers
    quiet = outage.ended_at is not None and outage.ended_at <= now - QUIET and outage.ended_at > now - OVER_FOR
    again = any(one.system == outage.system for one in await health.open_outages(session))
    if not quiet or again or not any(text.over_text for text in texts.values()):
        return done
    mails = await told_customers(session, outage)
    known = {one.case_id for one in mails if one.occurrence.endswith("/over")}
    for notice in mails:
        if notice.case_id in known:
            continue
        case = await session.get_one(Case, notice.case_id)
        text = texts.get(case.journey)
        if notice.state in _SENT and case.closed_at is None and text is not None and text.over_text:
            customer = CustomerHit(
                case_id=case.id,
                number=case.number,
                journey=case.journey,
                order_no=case.order_no,
                name=case.customer_name,
                email=notice.recipient,
                by_mail=True,
            )
            done += await _keep(session, outage, customer, written(text, customer, outage, over=True), "over", now)
    return done


async def _take_back(session: AsyncSession, outage: Outage, now: datetime) -> int:
    waiting = [one for one in await told_customers(session, outage) if one.state is NoticeState.WAITING]
    late = [one for one in waiting if one.occurrence.endswith("/hit")]
    return sum([await notices.take_back(session, one, now) for one in late])


async def _keep(
    session: AsyncSession, outage: Outage, customer: CustomerHit, message: messages.Message, what: str, now: datetime
) -> int:
    """The row of a mail before anybody sends it; once for each case and outage, anew where it was taken back."""
    intent = NoticeIntent(
        occurrence=f"{notices.OUTAGE}{outage.id}/{customer.case_id}/{what}",
        recipient=customer.email,
        subject=message.subject,
        body=message.body,
        message_id=f"<{uuid.uuid4()}@baton>",
    )
    row = to_send(customer.case_id, intent, now).model_dump()
    anew = {name: row[name] for name in ("state", "recipient", "subject", "body", "created_at")}
    once = (
        insert(Notice)
        .values(**row)
        .on_conflict_do_update(
            index_elements=["occurrence"], set_=anew, where=col(Notice.state) == NoticeState.WITHDRAWN
        )
    )
    kept = await (await session.connection()).execute(once.returning(col(Notice.id)))
    return int(kept.first() is not None)
