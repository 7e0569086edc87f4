"""A resolution: the agent's decision, told to the running case, which keys it and writes to the customer."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from console import bench_page, changed, deeds, telling, workbench
from console.access import Parts, Resolves
from console.bench_page import Written
from console.forms import new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem
from console.routes import previews
from handoff.resolution import Resolution
from workflows.acts import Resolve, Told
from workflows.handoff_mark import STALE

router = APIRouter(prefix="/cases/{number}/resolutions", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/resolutions", tags=["desk"])


class ResolutionAsked(BaseModel):
    """A decision as programs send it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resolution: Resolution
    urgent: bool = False


@router.get("")
async def elsewhere(_person: Resolves, number: str) -> Response:
    """A decision is made on the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def resolve(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """Tell the case; when it says no, the preview comes back with its sentence and everything typed."""
    values = await typed(request)
    found = await workbench.find(parts, number)
    written = Written("decide", values, differences=changed.since(values.get(changed.FIELD, ""), found))
    if written.differences:
        return await bench_page.draw(request, found, person, written)
    decision, errors = workbench.decide(values, found.packet, parts.clock().date(), person)
    if decision is None:
        return await bench_page.draw(request, found, person, replace(written, errors=errors))
    workflow = telling.handoff_workflow(found.handoff.id)
    try:
        urgent = bool(values.get("urgent"))
        act = Resolve(by=person.id, resolution=decision, urgent=urgent, shown=changed.seen(values))
        told = await telling.tell(parts, workflow, "complete", act, values.get("key") or new_key())
    except Problem as problem:
        if problem.code == STALE:
            return await deeds.refused(request, parts, person, number, written, problem)
        return previews.draw(request, found, decision, values, problem)
    return go("/desk", f"{found.case.number}: {told.message}")


@api.post("", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def resolve_by_program(
    parts: Parts,
    person: Resolves,
    number: str,
    asked: ResolutionAsked,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Told:
    """Decide on a case this person has picked up. The same `Idempotency-Key` twice decides once."""
    found = await workbench.find(parts, number)
    workflow = telling.handoff_workflow(found.handoff.id)
    act = Resolve(by=person.id, resolution=asked.resolution, urgent=asked.urgent)
    return await telling.tell(parts, workflow, "complete", act, idempotency_key or new_key())
