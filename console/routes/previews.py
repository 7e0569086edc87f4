"""A preview of a decision: exactly what will be keyed and what the customer will read; nothing is done by looking."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import bench_page, changed, workbench
from console.access import Parts, Resolves
from console.bench_page import Written
from console.forms import new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem
from handoff.resolution import Decision
from records.desk import AtDesk

router = APIRouter(prefix="/cases/{number}/previews", route_class=KeepsTyped)


@router.get("")
async def elsewhere(_person: Resolves, number: str) -> Response:
    """A preview is made from the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def preview(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """The preview; or the workbench again, with what is wrong beside the fields, or to change it once more."""
    values = await typed(request)
    found = await workbench.find(parts, number)
    written = Written("decide", values, differences=changed.since(values.get(changed.FIELD, ""), found))
    if values.get("step") == "edit" or written.differences:
        return await bench_page.draw(request, found, person, written)
    decision, errors = workbench.decide(values, found.packet, parts.clock().date(), person)
    if decision is None:
        return await bench_page.draw(request, found, person, replace(written, errors=errors))
    return draw(request, found, decision, values)


def draw(
    request: Request, found: AtDesk, decision: Decision, values: Mapping[str, str], problem: Problem | None = None
) -> Response:
    """The preview's page; after a refusal with its sentence and a new key, for an answered key answers the same."""
    answered = problem is not None and problem.status != 503
    return page(
        request,
        "desk/preview.html",
        path="/desk",
        status=problem.status if problem else 200,
        found=found,
        packet=found.packet,
        preview=workbench.preview(decision, found),
        values={name: value for name, value in values.items() if name not in ("key", "step", "urgent")},
        urgent=bool(values.get("urgent")),
        key=new_key() if answered else values.get("key") or new_key(),
        problem=problem,
    )
