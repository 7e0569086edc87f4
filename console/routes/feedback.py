"""A word from the front: what got in somebody's way, with where they were; answered by supervisors and IT."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console.access import AnswersFeedback, GivesFeedback, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, check, inputs, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from records import feedback
from records.access import Action, Person
from records.feedback import Answered, Feedback, Given

router = APIRouter(prefix="/feedback", route_class=KeepsTyped)

OPEN_SHOWN, CLOSED_SHOWN = 200, 50
LONGEST_PATH = 500
Text = Annotated[
    str,
    BeforeValidator(lambda text: str(text).replace("\r\n", "\n")),  # as browsers send their lines
    StringConstraints(strip_whitespace=True, min_length=3, max_length=4000),
]


class Word(BaseModel):
    """What somebody says."""

    model_config = ConfigDict(frozen=True)

    text: Text = Field(title="What happened, and what would have helped?")


class Reply(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)

    text: Text = Field(title="Answer", description="The person is told, by their own choice of page, mail or webhook.")


class Context(BaseModel):
    """What goes along; a browser without scripts does not say its width."""

    model_config = ConfigDict(frozen=True)

    path: Annotated[str, BeforeValidator(lambda text: local(str(text)))] = "/"
    width: Annotated[int, BeforeValidator(lambda text: _number(str(text)))] = 0
    key: Annotated[str, BeforeValidator(lambda text: str(text)[:64] or new_key())] = Field(default_factory=new_key)


@router.get("")
async def listing(request: Request, parts: Parts, person: GivesFeedback) -> Response:
    """What is open first; whoever may not answer sees their own."""
    whose = None if person.may(Action.ANSWER_FEEDBACK) else person.email
    async with parts.database.session() as session:
        open_, open_count = await feedback.listed(session, whose, closed=False, limit=OPEN_SHOWN)
        closed, closed_count = await feedback.listed(session, whose, closed=True, limit=CLOSED_SHOWN)
    groups = (("Open", open_, open_count), ("Answered and closed", closed, closed_count))
    return page(request, "feedback/list.html", groups=groups, all=whose is None)


@router.get("/new")
async def form(
    request: Request, parts: Parts, person: GivesFeedback, from_: Annotated[str, Query(alias="from")] = "/"
) -> Response:
    """One question, and what goes along."""
    return await _ask(request, parts, person, Context(path=from_), {})


@router.post("")
async def create(request: Request, parts: Parts, person: GivesFeedback) -> Response:
    """Keep it, and show the receipt."""
    values = await typed(request)
    context = Context.model_validate({name: values[name] for name in ("path", "width", "key") if name in values})
    word, errors = check(Word, values)
    if word is None:
        return await _ask(request, parts, person, context, values, errors)
    given = Given(person=person.email, role=person.role.value, text=word.text, **context.model_dump())
    async with parts.database.session() as session:
        kept = await feedback.give(session, given, parts.clock())
    return go(f"/feedback/{kept.id}", "Thank you. It is kept, and you will be told the answer.")


@router.get("/{feedback_id}")
async def one(request: Request, parts: Parts, person: GivesFeedback, feedback_id: uuid.UUID) -> Response:
    """What was said, where, and every answer."""
    return await _show(request, parts, person, await _find(parts, person, feedback_id), {})


@router.post("/{feedback_id}/answers")
async def answer(request: Request, parts: Parts, person: AnswersFeedback, feedback_id: uuid.UUID) -> Response:
    """Answer it, and close it where that was chosen; the person is told."""
    row, values = await _find(parts, person, feedback_id), await typed(request)
    reply, errors = check(Reply, values)
    if reply is None:
        return await _show(request, parts, person, row, values, errors)
    closes = values.get("closes") == "yes"
    answered = Answered(key=values.get("key") or new_key(), by=person.email, text=reply.text, closes=closes)
    async with parts.database.session() as session:
        taken = await feedback.answer(session, row, answered, parts.clock())
    if not taken:
        over = FieldError(field="text", message="Somebody closed it meanwhile, so this was not sent.")
        return await _show(request, parts, person, await _find(parts, person, feedback_id), values, [over])
    return go(f"/feedback/{feedback_id}", "Answered and closed." if closes else "Answered; it stays open.")


def local(path: str) -> str:
    """An address of this console, or its first page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path[:LONGEST_PATH] if ours else "/"


def _number(text: str) -> int:
    return min(int(text), 100_000) if text.isdecimal() and text.isascii() and len(text) < 9 else 0


async def _find(parts: Collaborators, person: Person, feedback_id: uuid.UUID) -> Feedback:
    async with parts.database.session() as session:
        row = await feedback.one(session, feedback_id)
    if row is None or (row.person != person.email and not person.may(Action.ANSWER_FEEDBACK)):
        raise not_found("This feedback")
    return row


async def _ask(
    request: Request,
    parts: Collaborators,
    person: Person,
    context: Context,
    values: Mapping[str, Any],
    errors: Sequence[FieldError] = (),
) -> Response:
    async with parts.database.session() as session:
        number = await feedback.case_of(session, context.path)
        _, said = await feedback.listed(session, person.email, closed=False, limit=1)
    return page(
        request,
        "feedback/new.html",
        status=422 if errors else 200,
        fields=inputs(Word, values, errors),
        errors=errors,
        context=context,
        number=number,
        said=said,
    )


async def _show(
    request: Request,
    parts: Collaborators,
    person: Person,
    row: Feedback,
    values: Mapping[str, str],
    errors: Sequence[FieldError] = (),
) -> Response:
    async with parts.database.session() as session:
        answers = await feedback.answers(session, row.id)
    return page(
        request,
        "feedback/one.html",
        status=422 if errors else 200,
        row=row,
        answers=answers,
        fields=inputs(Reply, values, errors),
        errors=errors,
        key=values.get("key") or new_key(),
        answers_it=person.may(Action.ANSWER_FEEDBACK) and (row.closed_at is None or bool(errors)),
    )
