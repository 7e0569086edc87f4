"""Receipts: what became of what somebody handed in; the same facts for people and programs, at any later time."""

import uuid
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from console import case_view
from console.access import Parts, SeesCases
from console.collaborators import Collaborators
from console.pages import page
from console.problems import ErrorAnswer, not_found
from records import receipts
from records.receipts import Kept
from records.submission import Verdict

router = APIRouter()
api = APIRouter(prefix="/api/receipts", tags=["intake"])

SENTENCES = {
    Verdict.STARTED: "A new case. It is kept, and starts by itself.",
    Verdict.SAME: "This was reported already, with the same content; there is one case.",
    Verdict.PROPOSED: "There is a case with other content; a person looks at the proposed change.",
    Verdict.ACCEPTED: "There was a case with other content; a person accepted this change.",
    Verdict.DISMISSED: "There was a case with other content; a person dismissed this change.",
}


class ReceiptAnswer(BaseModel):
    """A receipt as programs get it; `verdict` is started, same, proposed, accepted or dismissed."""

    model_config = ConfigDict(frozen=True)

    submission_id: uuid.UUID
    verdict: Verdict
    message: str
    received_at: datetime
    case_number: str
    case_url: str
    receipt_url: str
    stage: str
    under_way: bool
    waits_for: str

    @classmethod
    def of(cls, kept: Kept, console_url: str) -> "ReceiptAnswer":
        """From the records, with addresses below `console_url`."""
        return cls(
            submission_id=kept.submission_id,
            verdict=kept.verdict,
            message=SENTENCES[kept.verdict],
            received_at=kept.received_at,
            case_number=kept.case_number,
            case_url=f"{console_url}/cases/{kept.case_number}",
            receipt_url=f"{console_url}/api/receipts/{kept.submission_id}",
            stage=kept.stage.value,
            under_way=kept.under_way,
            waits_for=kept.wait.sentence() if kept.wait else "",
        )


@router.get("/receipts/{submission_id}")
async def receipt(request: Request, parts: Parts, _person: SeesCases, submission_id: uuid.UUID) -> Response:
    """The receipt's page."""
    kept = await found(parts, submission_id)
    facts = case_view.facts(kept.content, without=())
    return page(request, "receipts/receipt.html", path="/intake", kept=kept, facts=facts)


@api.get("/{submission_id}", responses={404: {"model": ErrorAnswer}})
async def receipt_for_program(parts: Parts, _person: SeesCases, submission_id: uuid.UUID) -> ReceiptAnswer:
    """The receipt, with the case as it stands now."""
    return ReceiptAnswer.of(await found(parts, submission_id), parts.settings.console_url)


async def found(parts: Collaborators, submission_id: uuid.UUID) -> Kept:
    """The receipt from the records; 404 when it is not here."""
    async with parts.database.session() as session:
        kept = await receipts.find(session, submission_id)
    if kept is None:
        raise not_found("This receipt")
    return kept
