"""What a person does with a work item that needs one: a retry, a correction, an entry by hand, or giving it up."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import RedirectResponse, Response

from console import telling
from console.access import ActsOnItems, Parts, RunsEarly, SeesCases
from console.collaborators import Collaborators
from console.forms import FieldError, Input, check, field_errors, inputs, new_key, typed
from console.item_view import ItemCard, one_card
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from records import entry_files, waiting_acts
from records.case import Case
from records.entry_file import EntryFile
from workflows.acts import Act, CorrectItem, DiscardItem, DoneByHand, RetryItem, RunNow

router = APIRouter(prefix="/items/{item_id}", route_class=KeepsTyped)
FROZEN = ConfigDict(frozen=True, str_strip_whitespace=True)
M = TypeVar("M", bound=BaseModel)


class Why(BaseModel):
    """Why the content is corrected."""

    model_config = FROZEN

    why: str = Field(title="Why", description="For colleagues who look at this later.", min_length=3, max_length=300)


class ByHand(BaseModel):
    """What the system answered to the person who keyed it."""

    model_config = FROZEN

    confirmation: str = Field(
        title="Confirmation number",
        description="As the system showed it after saving. Kept as you type it.",
        min_length=1,
        max_length=80,
    )


class Reason(BaseModel):
    """Why it is given up, made outside the hours, or takes another way."""

    model_config = FROZEN

    reason: str = Field(title="Reason", description="Kept with the case.", min_length=3, max_length=500)


@dataclass(frozen=True)
class Decision(Generic[M]):
    """One way to go on with an item: its noun in the address, the Update it sends, and its form beside the entry's."""

    noun: str
    update: str
    form: type[M]
    edits: bool = False


CORRECTION = Decision("corrections", "correct", Why, edits=True)
EARLY_RUN = Decision("early-runs", "run_now", Reason)
HAND_ENTRY = Decision("hand-entries", "done_by_hand", ByHand)
DISCARD = Decision("discards", "discard", Reason)


@dataclass(frozen=True)
class Found:
    """The item that the address names, and its case, or the file and row of plain entry that it came from."""

    card: ItemCard
    case: Case | None
    file: EntryFile | None = None
    row: int = 0

    @property
    def place(self) -> str:
        """Where it is shown."""
        item_id = self.card.item.id
        return f"/cases/{self.case.number}#item-{item_id}" if self.case else f"/items/{item_id}"

    @property
    def from_place(self) -> str:
        """The page that leads here when there is no case."""
        return f"/entries/{self.file.id}" if self.file else "/"

    @property
    def from_name(self) -> str:
        """What that page is called."""
        return f"{self.file.name}, row {self.row}" if self.file else "Home"

    def name(self, author: str) -> str:
        """Who wrote a revision; without a case nobody looked the names up, so it is the address."""
        return author


def place_of(request: Request, found: Found) -> str:
    """Where a person goes on: on the desk when they came from there, else where the item is shown."""
    at_desk = _at_desk(request)
    return f"/desk/handoffs/{at_desk}" if at_desk else found.place


def _at_desk(request: Request) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.query_params.get("desk", ""))
    except ValueError:
        return None


async def find(parts: Collaborators, item_id: uuid.UUID) -> Found:
    """The item; 404 when there is none."""
    async with parts.database.session() as session:
        card = await one_card(session, item_id)
        if card is None:
            raise not_found("This work item")
        if card.item.case_id is not None:
            return Found(card, await session.get(Case, card.item.case_id))
        file, row = await entry_files.of_item(session, item_id) or (None, 0)
    return Found(card, None, file, row)


@router.get("")
async def one(request: Request, parts: Parts, _person: SeesCases, item_id: uuid.UUID) -> Response:
    """A work item is shown on its case; one that came from a file of rows has a page of its own."""
    found = await find(parts, item_id)
    if found.case is not None:
        return RedirectResponse(found.place, 303)
    async with parts.database.session() as session:
        waiting = await waiting_acts.of_page(session, found.place)
    return page(request, "items/item.html", found=found, card=found.card, waiting=waiting)


@router.post("/retries")
async def retry(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Try it again as it is, also while its operation is held: somebody wants to see whether it passes now."""
    return await at_once(request, parts, item_id, "retry", RetryItem(by=person.id, through_hold=True))


@router.get("/corrections")
async def correction_form(request: Request, parts: Parts, _person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """The entry's own form, filled with what was to be keyed."""
    found = await find(parts, item_id)
    return draw(request, found, CORRECTION, dict(found.card.revision.content))


@router.post("/corrections")
async def correct(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """New content, checked by the model that the bot keys from; then it is tried again."""
    found, form = await find(parts, item_id), await typed(request)
    content, errors = checked(found.card, form)
    why, missing = check(Why, form)
    if content is None or why is None:
        return draw(request, found, CORRECTION, form, errors=(*errors, *missing))
    return await tell(request, parts, found, CORRECTION, CorrectItem(by=person.id, content=content, why=why.why))


@router.get("/hand-entries")
async def hand_entry_form(request: Request, parts: Parts, _person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """What to key by hand, and where to say that it was done."""
    return draw(request, await find(parts, item_id), HAND_ENTRY, {})


@router.post("/hand-entries")
async def enter_by_hand(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Somebody keyed it: Baton looks at the screen, and only what is found there counts."""

    def act(entry: ByHand) -> Act:
        return DoneByHand(by=person.id, confirmation=entry.confirmation)

    return await decide(request, parts, item_id, HAND_ENTRY, act)


@router.get("/discards")
async def discard_form(request: Request, parts: Parts, _person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """What giving it up means, and the reason for it."""
    return draw(request, await find(parts, item_id), DISCARD, {})


@router.post("/discards")
async def discard(request: Request, parts: Parts, person: ActsOnItems, item_id: uuid.UUID) -> Response:
    """Give it up, with a reason; the case goes on without it."""

    def act(wanted: Reason) -> Act:
        return DiscardItem(by=person.id, reason=wanted.reason)

    return await decide(request, parts, item_id, DISCARD, act)


@router.get("/early-runs")
async def early_run_form(request: Request, parts: Parts, _person: RunsEarly, item_id: uuid.UUID) -> Response:
    """What an entry outside the working hours means, and the reason for it."""
    return draw(request, await find(parts, item_id), EARLY_RUN, {})


@router.post("/early-runs")
async def run_early(request: Request, parts: Parts, person: RunsEarly, item_id: uuid.UUID) -> Response:
    """Have a deferred entry made now, with a reason."""

    def act(wanted: Reason) -> Act:
        return RunNow(by=person.id, reason=wanted.reason)

    return await decide(request, parts, item_id, EARLY_RUN, act)


async def at_once(request: Request, parts: Collaborators, item_id: uuid.UUID, update: str, act: Act) -> Response:
    """Tell the item what needs no form."""
    found = await find(parts, item_id)
    key = (await typed(request)).get("key") or new_key()
    told = await telling.tell(parts, telling.item_workflow(item_id), update, act, key)
    return go(place_of(request, found), told.message)


async def decide(
    request: Request, parts: Collaborators, item_id: uuid.UUID, decision: Decision[M], act: Callable[[M], Act]
) -> Response:
    """Tell the item what a form says; a form that is wrong comes back with what was typed."""
    found, form = await find(parts, item_id), await typed(request)
    said, errors = check(decision.form, form)
    if said is None:
        return draw(request, found, decision, form, errors=errors)
    return await tell(request, parts, found, decision, act(said))


async def tell(
    request: Request,
    parts: Collaborators,
    found: Found,
    decision: Decision[Any],
    act: Act,
    *,
    more: tuple[Input, ...] = (),
) -> Response:
    """Tell the item; when it says no, the form comes back with what was typed and its sentence."""
    form = await typed(request)
    workflow = telling.item_workflow(found.card.item.id)
    try:
        told = await telling.tell(parts, workflow, decision.update, act, form.get("key") or new_key())
    except Problem as problem:
        return draw(request, await find(parts, found.card.item.id), decision, form, problem=problem, more=more)
    return go(place_of(request, found), told.message)


def draw(
    request: Request,
    found: Found,
    decision: Decision[Any],
    form: dict[str, Any],
    *,
    errors: tuple[FieldError, ...] = (),
    problem: Problem | None = None,
    more: tuple[Input, ...] = (),
) -> Response:
    """The page of one decision, with what was typed and what is wrong with it."""
    entry = inputs(found.card.operation.entry, form, errors, only=editable(found.card)) if decision.edits else []
    status = problem.status if problem is not None else 422 if errors else 200
    # A form that was answered gets a new key: sent again, it is a new word and no repetition of the old one.
    answered = problem is not None and problem.status != 503
    key = new_key() if answered or not form.get("key") else form["key"]
    return page(
        request,
        "items/decision.html",
        status=status,
        found=found,
        place=place_of(request, found),
        at_desk=f"?desk={at_desk}" if (at_desk := _at_desk(request)) else "",
        card=found.card,
        decision=decision,
        fields=[*more, *entry, *inputs(decision.form, form, errors)],
        errors=errors,
        problem=problem,
        key=key,
    )


def editable(card: ItemCard) -> list[str]:
    """The entry's fields without its key: another record would be another work item."""
    content = card.revision.content
    return [name for name in card.operation.entry.model_fields if str(content.get(name)) != card.item.target_key]


def checked(card: ItemCard, form: dict[str, str]) -> tuple[dict[str, Any] | None, tuple[FieldError, ...]]:
    """The corrected content as JSON, or what is wrong with it."""
    changed = {name: form[name] for name in editable(card) if name in form}
    try:
        entry = card.operation.entry.model_validate({**card.revision.content, **changed})
    except ValidationError as trouble:
        return None, field_errors(trouble.errors())
    return entry.model_dump(mode="json"), ()
