"""A move: a supervisor gives handoffs to a person or a queue, one or many, with a reason and a result for each."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from console import moving
from console.access import MovesWork, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, check, new_key, typed
from console.kept import KeepsTyped
from console.moving import Covered, MoveAsked
from console.pages import go, page
from records.moves import AT_ONCE

router = APIRouter(prefix="/moves", route_class=KeepsTyped)


@router.get("")
async def preview(
    request: Request,
    parts: Parts,
    _person: MovesWork,
    case: Annotated[list[str] | None, Query(max_length=AT_ONCE)] = None,
    holder: str = "",
    queue: str = "",
) -> Response:
    """Exactly what would be moved, and the form that says where to and why."""
    found = await moving.covered(parts, case or [], holder, queue)
    if not found.handoffs:
        said = "None of these is open any more." if case else "Select what is to be moved first."
        return go("/board", said, "note")
    return await _form(request, parts, found, {})


@router.post("")
async def move(request: Request, parts: Parts, person: MovesWork) -> Response:
    """Move them, and say truly what came of each."""
    form = await typed(request)
    chosen = [str(value) for value in (await request.form()).getlist("chosen")]
    asked, errors = check(MoveAsked, form)
    if not chosen:
        errors = (*errors, FieldError(field="chosen", message="Tick at least one case."))
    if asked is None or errors:
        numbers = [one.partition("|")[0] for one in (await request.form()).getlist("shown") if isinstance(one, str)]
        found = await moving.covered(parts, numbers, "", "")
        if not found.handoffs:
            return go("/board", "None of these is open any more.", "note")
        return await _form(request, parts, found, form, errors, chosen)
    key = form.get("key") or new_key()
    results = await moving.Mover(parts, person, asked, key).move(chosen)
    return page(request, "moves/result.html", results=results, asked=asked, chosen=chosen, key=key)


async def _form(
    request: Request,
    parts: Collaborators,
    found: Covered,
    form: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    chosen: Sequence[str] | None = None,
) -> Response:
    return page(
        request,
        "moves/preview.html",
        status=422 if errors else 200,
        found=found,
        targets=await moving.targets(parts),
        form=form,
        errors=errors,
        wrong={error.field: error.message for error in errors},
        ticked=chosen,
        mark=moving.mark,
        where=moving.where,
        key=form.get("key") or new_key(),
    )
