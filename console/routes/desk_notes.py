"""A note on the workbench: a word for colleagues, a call with the customer, or a step of the protocol that is done."""

from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import deeds
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import Note, Words

router = APIRouter(prefix="/cases/{number}/desk-notes", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/desk-notes", tags=["desk"])


class NoteAsked(Asked):
    """What to keep on the timeline; a call (`phone`) counts as the first response to the customer."""

    kind: Literal["note", "phone"] = "note"
    text: Words


class StepDone(Asked):
    """A step of the protocol: its id, and its words as they stood on the page."""

    kind: Literal["step"] = "step"
    text: Words
    values: dict[str, str]


def read(values: Mapping[str, str], _desk: Desk) -> tuple[Asked | None, Errors]:
    """The note as it was typed, or the step as it was ticked."""
    if values.get("step"):
        step = {**values, "values": {"step": values["step"]}}
        return deeds.read(StepDone, step, {"said": "text", "values": "values"})
    return deeds.read(NoteAsked, {"note_kind": "note", **values}, {"note_kind": "kind", "said": "text"})


NOTE = Deed(form="note", update="note", act=Note, read=read)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """Notes are made on the workbench."""
    return go(f"/desk/{number}#note")


@router.post("")
async def note(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Keep it on the timeline, whoever has the case."""
    return await deeds.post(request, parts, person, number, NOTE)


@api.post("", responses=ANSWERS)
async def note_by_program(
    parts: Parts, person: PicksUp, number: str, asked: NoteAsked, idempotency_key: Key = ""
) -> Told:
    """Keep a note about an open handoff; a call with the customer ends its clock of the first response."""
    return await deeds.by_program(parts, person, number, NOTE, asked, idempotency_key)
