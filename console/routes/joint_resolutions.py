"""A joint resolution: one decision about all tied cases, previewed for each, carried out as one action."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import together, workbench
from console.access import Parts, Resolves
from console.forms import FieldError, new_key, typed
from console.joint_page import Joint, chosen_of, open_or_elsewhere, sent_already
from console.kept import KeepsTyped
from console.pages import go, page
from handoff.resolution import TITLES

router = APIRouter(prefix="/problems/{number}/joint-resolutions", route_class=KeepsTyped)


@router.get("")
async def form(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """What can be decided about any of the cases, as on the workbench."""
    joint = await open_or_elsewhere(parts, number, person)
    if isinstance(joint, Response):
        return joint
    return _form(request, joint, {})


@router.post("")
async def resolve(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """The preview, or the form again; pressed on the preview, one action that decides each case."""
    values = await typed(request)
    sent = await sent_already(parts, person, number, "resolve", values)
    joint = sent or await open_or_elsewhere(parts, number, person)
    if isinstance(joint, Response):
        return joint
    errors = together.decision_errors(values, joint.around)
    if errors or values.get("step") == "edit":
        return _form(request, joint, values, () if values.get("step") == "edit" else errors)
    found = joint.around.sort(together.resolving(values, person, parts.clock()))
    chosen = await chosen_of(request)
    if values.get("step") != "do" or not joint.stands(found, chosen):
        return joint.preview(request, "resolve", found, values, chosen if values.get("step") == "do" else None)
    covered = joint.chosen(found, chosen)
    title = f"{joint.problem.number}: {TITLES[values['kind']].lower()}, {len(covered)} cases together"
    return go(await together.ask(parts, joint.asked("resolve", title, values), covered))


def _form(request: Request, joint: Joint, values: Mapping[str, str], errors: Sequence[FieldError] = ()) -> Response:
    packet = together.any_case(joint.around)
    filled = {"refund_reason": joint.problem.cause, "return_reason": joint.problem.cause, **values}
    return page(
        request,
        "problems/resolution.html",
        path="/problems",
        status=422 if errors else 200,
        joint=joint,
        **workbench.form(filled, packet, errors, joint.around.now.date(), joint.around.person),
        titles=workbench.TITLES_OF_FIELDS,
        errors=errors,
        key=values.get("key") or new_key(),
    )
