"""Other content that arrived under the same key: a person compares the two and decides."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.responses import Response

from console import case_view, telling
from console.access import Parts, ReviewsProposals
from console.forms import new_key
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem, not_found
from records.case import Case
from records.submission import Submission
from workflows.acts import ReviewProposal

router = APIRouter(prefix="/proposals", route_class=KeepsTyped)


@router.post("/{submission_id}/reviews")
async def review(
    parts: Parts,
    person: ReviewsProposals,
    submission_id: uuid.UUID,
    verdict: Annotated[Literal["accept", "dismiss"], Form()],
    key: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Accept it, and the case goes on with it; or dismiss it. Both stay in the records."""
    async with parts.database.session() as session:
        submission = await session.get(Submission, submission_id)
        case = await session.get(Case, submission.case_id) if submission is not None else None
    if case is None:
        raise not_found("This proposal")
    if not person.may(case_view.reviewing(case)):
        raise Problem(403, "not_allowed", "A supervisor compares the two and decides.", kept="Nothing was changed.")
    act = ReviewProposal(by=person.id, submission_id=submission_id, accept=verdict == "accept")
    workflow = telling.case_workflow(case.journey, case.number)
    told = await telling.tell(parts, workflow, "review_proposal", act, key or new_key())
    return go(f"/cases/{case.number}#proposals", told.message)
