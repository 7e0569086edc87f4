"""A failed chat, self-service session or call: a program hands it to a person, with everything that was said."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Header

from console.access import Parts, StartsWork
from console.problems import ErrorAnswer, Problem
from console.routes.receipts import ReceiptAnswer, found
from core.outcome import keepable
from handoff.bot_to_agent import CASE_PREFIX, JOURNEY, FailedSession
from records import receipts
from records.intake import HandedIn
from workflows.acts import QUEUE

api = APIRouter(prefix="/api/handoffs", tags=["intake"])


@api.post(
    "",
    status_code=202,
    responses={409: {"model": ErrorAnswer}, 413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}},
)
async def hand_over(
    parts: Parts,
    person: StartsWork,
    session: FailedSession,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> ReceiptAnswer:
    """Hand a session to a person; they get it on the desk with its transcript.

    The same `Idempotency-Key` twice is one case; 409 when it was used for another session. 422: what is wrong with
    which field. 413: larger than 64 KB. 503: nothing was kept, send it again.
    """
    work = work_of(session, person.id, person.email, idempotency_key)
    await receipts.hand_in_once(parts.database, work, parts.clock())
    kept = await found(parts, work.id)
    if kept.content != work.content:
        raise Problem(
            409, "key_used", "This Idempotency-Key was used for another session.", kept="Nothing was changed."
        )
    return ReceiptAnswer.of(kept, parts.settings.console_url)


def work_of(session: FailedSession, by: uuid.UUID, email: str, key: str = "") -> HandedIn:
    """The session as intake takes it; the same `key` of the same person is the same session."""
    identity = uuid.uuid5(by, f"session\n{key}") if key else uuid.uuid4()
    return HandedIn(
        id=identity,
        journey=JOURNEY,
        prefix=CASE_PREFIX,
        workflow_type="BotToAgentWorkflow",
        task_queue=QUEUE,
        business_key=str(identity),
        subject_key=session.subject_key or str(identity),
        order_no=session.about.order_no,
        parcel_no=session.about.parcel_no,
        content=keepable(session.model_dump(mode="json")),
        source="api",
        submitted_by=email,
    )
