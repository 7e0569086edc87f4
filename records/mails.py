"""A received mail's way through the records: kept once, placed at its case, or waiting until a person places it."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import evidence_store, hearing, questions, reopening, replies
from records.case import Case
from records.events import Happened, append
from records.hearing import Heard
from records.notice import Notice
from records.notices import event_name
from records.questions import Given
from records.received_mail import MailState, ReceivedMail
from records.replies import Clues
from records.trail import Evidence

LONGEST_SAID = 1000
"""What the timeline shows of a mail; all of it stands on the mail's own page."""


class MailError(ValueError):
    """Something about a mail that cannot be done; the message is a sentence for whoever asked."""


class Received(BaseModel):
    """A mail that was read: its columns, its clues, and whether a program wrote it."""

    model_config = ConfigDict(frozen=True)

    columns: dict[str, Any]
    clues: Clues
    automatic: str = ""
    undelivered: str = ""


async def known(session: AsyncSession, fingerprint: str) -> bool:
    """Whether this mail was kept before."""
    found = await session.exec(select(ReceivedMail.id).where(ReceivedMail.fingerprint == fingerprint))
    return found.one_or_none() is not None


async def keep(
    session: AsyncSession, received: Received, evidence: Sequence[Evidence], now: datetime, reopen_days: int
) -> ReceivedMail | None:
    """Keep a mail with all that follows from it, in one transaction; None when it was kept before.

    A person's mail wakes the handoff of its case. A program's mail only stands on the timeline. `evidence` is the mail
    itself, then its attachments.
    """
    row = ReceivedMail.model_validate({**received.columns, "state": MailState.WAITING, "received_at": now})
    statement = insert(ReceivedMail).values(**row.model_dump()).on_conflict_do_nothing(index_elements=["fingerprint"])
    made = await (await session.connection()).execute(statement.returning(col(ReceivedMail.id)))
    if made.scalar_one_or_none() is None:
        return None
    found = await replies.case_of(session, received.clues)
    for piece in evidence:
        piece.case_id = found.case_id if found else None
    await evidence_store.keep(session, *evidence)
    mail = await session.get_one(ReceivedMail, row.id)
    mail.raw = evidence[0].id
    mail.case_id, mail.found_by = (found.case_id, found.by) if found else (None, "")
    if received.automatic:
        await _note_automatic(session, mail, received, now)
    elif mail.case_id is None:
        mail.why = "no_case"
    else:
        await _place(session, mail, received, now, reopen_days)
    return mail


async def _note_automatic(session: AsyncSession, mail: ReceivedMail, received: Received, now: datetime) -> None:
    """On the timeline, if its case is known; nobody is woken, nothing opens again, and nobody has to look."""
    mail.state = MailState.AUTOMATIC
    if mail.case_id is None:
        return
    if not received.undelivered:
        await append(session, mail.case_id, now, Happened(name="mail.automatic", data=_about(mail, mail.subject)))
        return
    data = {**_about(mail, ""), "why": received.undelivered}
    ours = select(Notice).where(col(Notice.message_id).in_(received.clues.answers), Notice.case_id == mail.case_id)
    notice = (await session.exec(ours)).first()
    name = "notice.undelivered"
    if notice is not None:
        notice.code, name = "undelivered", event_name(notice, "undelivered")
    await append(session, mail.case_id, now, Happened(name=name, data=data))


async def _place(session: AsyncSession, mail: ReceivedMail, received: Received, now: datetime, days: int) -> None:
    assert mail.case_id is not None
    asked = await questions.by_mail(session, received.clues.answers)
    if asked is not None and asked.case_id == mail.case_id:
        given = Given(text=mail.said, attachments=tuple(mail.attachments), mail=mail.id)
        if await questions.take(session, asked, given, now):
            mail.state = MailState.PLACED
            return
    await _say(session, mail, now)
    if await _hear(session, mail, now):
        mail.state = MailState.PLACED
        return
    # Two mails open it once. Rows that refer to the case were written already, and each of them shares its key: a lock
    # that wants the key, too, would wait for the other mail's while that one waits for ours.
    case = await session.get_one(Case, mail.case_id, with_for_update={"key_share": True})
    if case.closed_at is None:
        mail.why = "nobody"
    elif now - case.closed_at > timedelta(days=days):
        mail.why = "closed_long_ago"
    elif await reopening.reopen(session, case, mail, now):
        mail.state = MailState.PLACED
    else:
        mail.why = "closed"


async def _say(session: AsyncSession, mail: ReceivedMail, now: datetime) -> None:
    assert mail.case_id is not None
    data = _about(mail, mail.said)
    written_to = select(Notice.id).where(
        Notice.case_id == mail.case_id, func.lower(Notice.recipient) == mail.sender.lower()
    )
    if (await session.exec(written_to.limit(1))).first() is None:
        data["stranger"] = mail.sender or "nobody that can be read"
    await append(session, mail.case_id, now, Happened(name="customer.replied", actor="customer", data=data))


async def _hear(session: AsyncSession, mail: ReceivedMail, now: datetime) -> bool:
    """Have the newest open handoff of the case told; False when nobody has the case."""
    assert mail.case_id is not None
    handoff_id = await hearing.open_handoff(session, mail.case_id)
    if handoff_id is None:
        return False
    # A second mail under a Message-ID that was used before says something else, and must be heard too.
    used = select(func.count()).select_from(ReceivedMail).where(ReceivedMail.message_id == mail.message_id)
    identity = mail.message_id if (await session.exec(used)).one() == 1 else mail.fingerprint
    heard = Heard(kind="reply", id=identity, by="customer", text=mail.said)
    await hearing.tell(session, mail.case_id, handoff_id, heard, now)
    return True


def _about(mail: ReceivedMail, said: str) -> dict[str, Any]:
    return {
        "mail": str(mail.id),
        "sender": mail.sender,
        "text": said[:LONGEST_SAID],
        "attachments": list(mail.attachments),
    }


async def waiting(session: AsyncSession, *, limit: int, before: datetime | None = None) -> list[ReceivedMail]:
    """The mails that a person has to look at, the newest first."""
    found = select(ReceivedMail).where(ReceivedMail.state == MailState.WAITING)
    if before is not None:
        found = found.where(col(ReceivedMail.received_at) < before)
    return list(await session.exec(found.order_by(col(ReceivedMail.received_at).desc()).limit(limit)))


async def assign(session: AsyncSession, mail_id: uuid.UUID, number: str, *, by: str, now: datetime) -> ReceivedMail:
    """A person says which case a waiting mail belongs to, or has read it there; MailError when that cannot be."""
    mail = await _waiting(session, mail_id)
    case = (await session.exec(select(Case).where(Case.number == number.strip().upper()))).one_or_none()
    if case is None:
        raise MailError(f"There is no case {number.strip() or 'without a number'}.")
    told_before, mail.case_id = mail.case_id == case.id, case.id
    pieces = [uuid.UUID(one["id"]) for one in mail.attachments] + ([mail.raw] if mail.raw else [])
    moved = update(Evidence).where(col(Evidence.id).in_(pieces)).values(case_id=case.id)
    await (await session.connection()).execute(moved)
    if not told_before:
        await _say(session, mail, now)
    await _hear(session, mail, now)
    placed = Happened(name="mail.placed", actor=by, data={"mail": str(mail.id), "why": mail.why})
    await append(session, case.id, now, placed)
    mail.state, mail.found_by, mail.settled_by, mail.settled_at = MailState.PLACED, mail.found_by or "person", by, now
    return mail


async def dismiss(session: AsyncSession, mail_id: uuid.UUID, reason: str, *, by: str, now: datetime) -> None:
    """A person says that nothing is to be done about a waiting mail, and why; MailError when that cannot be."""
    mail = await _waiting(session, mail_id)
    if not reason.strip():
        raise MailError("Please say why nothing is to be done.")
    mail.state, mail.reason, mail.settled_by, mail.settled_at = MailState.DISMISSED, reason.strip(), by, now
    if mail.case_id is not None:
        data = {"mail": str(mail.id), "reason": mail.reason}
        await append(session, mail.case_id, now, Happened(name="mail.dismissed", actor=by, data=data))


async def _waiting(session: AsyncSession, mail_id: uuid.UUID) -> ReceivedMail:
    mail = (await session.exec(select(ReceivedMail).where(ReceivedMail.id == mail_id).with_for_update())).one_or_none()
    if mail is None:
        raise MailError("This mail is not here.")
    if mail.state is not MailState.WAITING:
        raise MailError(f"{mail.settled_by or 'Baton'} has settled this mail already: it was {mail.state.value}.")
    return mail


async def forget(session: AsyncSession, before: datetime, now: datetime, limit: int) -> int:
    """Empty what was written to us before then, unless it waits or its case is open or was later; how many mails.

    The row stays: it keeps the same mail out when the mailbox shows it again.
    """
    closed = select(Case.id).where(Case.id == ReceivedMail.case_id, col(Case.closed_at) < before)
    old = (
        select(ReceivedMail.id)
        .where(col(ReceivedMail.received_at) < before, col(ReceivedMail.removed_at).is_(None))
        .where(ReceivedMail.state != MailState.WAITING, or_(col(ReceivedMail.case_id).is_(None), closed.exists()))
        .order_by(col(ReceivedMail.received_at))
        .limit(limit)
    )
    empty = dict.fromkeys(("sender", "sender_name", "subject", "text", "said", "remark"), "")
    emptied = (
        update(ReceivedMail)
        .where(col(ReceivedMail.id).in_(old.scalar_subquery()))
        .values(**empty, attachments=[], removed_at=now)
        .returning(col(ReceivedMail.id))
    )
    return len((await (await session.connection()).execute(emptied)).all())
