"""A reply: somebody of the house has the answer to an open question, as from a call, and writes it down."""

import uuid
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import deeds
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import Reply, Words

router = APIRouter(prefix="/cases/{number}/replies", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/replies", tags=["desk"])


class ReplyAsked(Asked):
    """Which question, and the answer to it."""

    question_id: uuid.UUID
    answer: Words


def read(values: Mapping[str, str], _desk: Desk) -> tuple[Asked | None, Errors]:
    """The answer as it was typed."""
    return deeds.read(ReplyAsked, values, {"question_id": "question_id", "answer": "answer"})


REPLY = Deed(form="reply", update="reply", act=Reply, read=read)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """An answer is written down on the workbench."""
    return go(f"/desk/{number}#questions")


@router.post("")
async def reply(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Keep the answer; the question is closed, and its clocks go on."""
    return await deeds.post(request, parts, person, number, REPLY)


@api.post("", responses=ANSWERS)
async def reply_by_program(
    parts: Parts, person: PicksUp, number: str, asked: ReplyAsked, idempotency_key: Key = ""
) -> Told:
    """Answer an open question of a case for whoever was asked."""
    return await deeds.by_program(parts, person, number, REPLY, asked, idempotency_key)
