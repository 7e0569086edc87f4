"""A joint answer: one text to the customers of all tied cases, previewed for each, sent as one action."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console import together
from console.access import Parts, TiesCases
from console.forms import FieldError, check, inputs, new_key, typed
from console.joint_page import Joint, chosen_of, open_or_elsewhere, sent_already
from console.kept import KeepsTyped
from console.pages import go, page
from handoff import joint_answer

router = APIRouter(prefix="/problems/{number}/joint-answers", route_class=KeepsTyped)


class AnswerAsked(BaseModel):
    """What every customer reads."""

    model_config = ConfigDict(frozen=True)

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=1500),
        Field(title="What every customer reads", description="Greeting, reference and signature are added."),
    ]


@router.get("")
async def form(request: Request, parts: Parts, person: TiesCases, number: str) -> Response:
    """The text, and what it may name."""
    joint = await open_or_elsewhere(parts, number, person)
    if isinstance(joint, Response):
        return joint
    return _form(request, joint, {"text": joint.problem.text})


@router.post("")
async def answer(request: Request, parts: Parts, person: TiesCases, number: str) -> Response:
    """The preview, or the text again; pressed on the preview, one action that writes to each customer."""
    values = await typed(request)
    sent = await sent_already(parts, person, number, "answer", values)
    joint = sent or await open_or_elsewhere(parts, number, person)
    if isinstance(joint, Response):
        return joint
    asked, errors = check(AnswerAsked, values)
    unknown = joint_answer.unknown(values.get("text", ""))
    if unknown:
        said = f"No case could fill this: {', '.join('{' + name + '}' for name in unknown)}."
        errors = (*errors, FieldError(field="text", message=said))
    if asked is None or errors or values.get("step") == "edit":
        return _form(request, joint, values, () if values.get("step") == "edit" else errors)
    found = joint.around.sort(together.answering(asked.text, person))
    chosen = await chosen_of(request)
    if values.get("step") != "do" or not joint.stands(found, chosen):
        return joint.preview(request, "answer", found, values, chosen if values.get("step") == "do" else None)
    covered = joint.chosen(found, chosen)
    title = f"{joint.problem.number}: written to {len(covered)} customers together"
    return go(await together.ask(parts, joint.asked("answer", title, values), covered))


def _form(request: Request, joint: Joint, values: Mapping[str, str], errors: Sequence[FieldError] = ()) -> Response:
    return page(
        request,
        "problems/answer.html",
        path="/problems",
        status=422 if errors else 200,
        joint=joint,
        names=joint_answer.NAMES,
        fields=inputs(AnswerAsked, values, errors),
        errors=errors,
        key=values.get("key") or new_key(),
    )
