"""A transfer: whoever has a case passes it on to another queue, or offers it to a colleague."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import model_validator
from starlette.responses import Response

from console import deeds
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.forms import FieldError
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import Transfer, Words

router = APIRouter(prefix="/cases/{number}/transfers", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/transfers", tags=["desk"])


class TransferAsked(Asked):
    """To a queue or to a person's e-mail address, and why."""

    queue: str = ""
    to: str = ""
    reason: Words

    @model_validator(mode="after")
    def _one_of_them(self) -> "TransferAsked":
        if bool(self.queue) == bool(self.to):
            raise ValueError("name either a queue or a person")
        return self


def read(values: Mapping[str, str], desk: Desk) -> tuple[Asked | None, Errors]:
    """Whom it goes to, as chosen from the list, and the reason as it was typed."""
    kind, _, name = values.get("pass_to", "").partition(":")
    known = {"queue": set(desk.queues), "to": set(desk.people)}.get(kind, set())
    if name not in known or name in (desk.person.email, desk.found.handoff.queue):
        nobody = FieldError(field="pass_to", message="Choose another queue, or a colleague.")
        _, errors = deeds.read(TransferAsked, {**values, "to": "-"}, {"pass_reason": "reason", "to": "to"})
        return None, (nobody, *errors)
    return deeds.read(TransferAsked, {**values, kind: name}, {"pass_reason": "reason", kind: kind})


TRANSFER = Deed(form="pass", update="transfer", act=Transfer, read=read, leaves=True)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is passed on from the workbench."""
    return go(f"/desk/{number}#pass")


@router.post("")
async def pass_on(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Pass it on; the clocks go on."""
    return await deeds.post(request, parts, person, number, TRANSFER)


@api.post("", responses=ANSWERS)
async def pass_on_by_program(
    parts: Parts, person: PicksUp, number: str, asked: TransferAsked, idempotency_key: Key = ""
) -> Told:
    """Pass a case on to a queue, or offer it to a person."""
    return await deeds.by_program(parts, person, number, TRANSFER, asked, idempotency_key)
