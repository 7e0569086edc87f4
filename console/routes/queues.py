"""Queues, and how people work on them: a supervisor sees and changes both."""

import uuid
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import queues_page
from console.access import MindsQueues, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, check, inputs, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from console.queues_page import AgentAsked, QueueAsked
from console.words import counted
from records import queues, routing
from records.queues import Member, Queue

router = APIRouter(prefix="/queues", route_class=KeepsTyped)


@router.get("")
async def listing(request: Request, parts: Parts, _person: MindsQueues) -> Response:
    """Every queue with its members, and everybody with how they work."""
    now = parts.clock()
    async with parts.database.session() as session:
        known, people = await queues.queues(session, now), await queues.members(session, now)
        loads, waiting = await routing.loads(session), await routing.waiting(session)
    return page(
        request,
        "queues/list.html",
        queues=known.values(),
        people=people,
        loads=loads,
        waiting=waiting,
        since=queues_page.since,
    )


@router.get("/new")
async def new(request: Request, _person: MindsQueues) -> Response:
    """The form of a queue that is not there yet."""
    return _queue_form(request, None, {"leads": ""})


@router.post("")
async def set_up(request: Request, parts: Parts, person: MindsQueues) -> Response:
    """A new queue."""
    form = await typed(request)
    name = form.get("name", "").strip().lower()
    asked, errors = check(QueueAsked, form)
    known, emails = await _known(parts)
    errors = (*_name_errors(name, known), *errors, *_lead_errors(asked, emails))
    if asked is None or errors:
        return _queue_form(request, None, form, errors)
    async with parts.database.session() as session:
        await queues.keep_queue(session, name, asked.columns(), parts.clock(), person)
    return go("/queues", f"The queue {asked.title} is set up. Give it people below.")


@router.get("/people/{user_id}")
async def one_person(request: Request, parts: Parts, _person: MindsQueues, user_id: uuid.UUID) -> Response:
    """How somebody works, to be changed."""
    found = await _member(parts, user_id)
    return _agent_form(request, found, queues_page.typed_agent(found))


@router.post("/people/{user_id}")
async def change_person(request: Request, parts: Parts, person: MindsQueues, user_id: uuid.UUID) -> Response:
    """Change how somebody works; what they have stays theirs."""
    form = await typed(request)
    found = await _member(parts, user_id)
    asked, errors = check(AgentAsked, form)
    known, _ = await _known(parts)
    strange = queues_page.unknown_words(asked.queues, set(known), "queue") if asked else ""
    errors = (*errors, *([FieldError(field="queues", message=strange)] if strange else []))
    if asked is None or errors:
        return _agent_form(request, found, form, errors)
    async with parts.database.session() as session:
        await queues.keep_agent(session, found.user_id, asked.columns(), parts.clock(), person.email)
    skills = f"; skills {', '.join(asked.skills)}" if asked.skills else ""
    kept = f"{', '.join(asked.queues) or 'no queue'}{skills}; {counted(asked.capacity, 'case')} at a time."
    return go("/queues", f"{found.name}: {kept}")


@router.get("/{name}")
async def one(request: Request, parts: Parts, _person: MindsQueues, name: str) -> Response:
    """A queue, to be changed."""
    queue = await _queue(parts, name)
    return _queue_form(request, queue, queues_page.typed_queue(queue))


@router.post("/{name}")
async def change(request: Request, parts: Parts, person: MindsQueues, name: str) -> Response:
    """Change a queue; what waits in it stays."""
    form = await typed(request)
    queue = await _queue(parts, name)
    asked, errors = check(QueueAsked, form)
    _, emails = await _known(parts)
    errors = (*errors, *_lead_errors(asked, emails))
    if asked is None or errors:
        return _queue_form(request, queue, form, errors)
    async with parts.database.session() as session:
        await queues.keep_queue(session, name, asked.columns(), parts.clock(), person)
    return go("/queues", f"The queue {asked.title} is changed.")


async def _queue(parts: Collaborators, name: str) -> Queue:
    known, _ = await _known(parts)
    if name not in known:
        raise not_found(f"Queue {name}")
    return known[name]


async def _member(parts: Collaborators, user_id: uuid.UUID) -> Member:
    now = parts.clock()
    async with parts.database.session() as session:
        found = next((one for one in await queues.members(session, now) if one.user_id == user_id), None)
    if found is None:
        raise not_found("This person")
    return found


async def _known(parts: Collaborators) -> tuple[dict[str, Queue], set[str]]:
    now = parts.clock()
    async with parts.database.session() as session:
        known = await queues.queues(session, now)
        return known, {one.email for one in await queues.members(session, now)}


def _name_errors(name: str, known: Mapping[str, Queue]) -> list[FieldError]:
    if not queues_page.NAME.match(name):
        said = "Small letters, figures and hyphens, 2 to 39 of them, as in heating-repairs."
        return [FieldError(field="name", message=said)]
    return [FieldError(field="name", message=f"There is a queue {name} already.")] if name in known else []


def _lead_errors(asked: QueueAsked | None, emails: set[str]) -> list[FieldError]:
    strange = queues_page.unknown_words(asked.leads, emails, "person") if asked else ""
    return [FieldError(field="leads", message=strange)] if strange else []


def _queue_form(
    request: Request, queue: Queue | None, values: Mapping[str, str], errors: Sequence[FieldError] = ()
) -> Response:
    fields = inputs(QueueAsked, values, errors)
    wrong_name = next((error.message for error in errors if error.field == "name"), "")
    return page(
        request,
        "queues/queue.html",
        status=422 if errors else 200,
        queue=queue,
        name=values.get("name", ""),
        wrong_name=wrong_name,
        fields=fields,
        errors=errors,
    )


def _agent_form(
    request: Request, member: Member, values: Mapping[str, str], errors: Sequence[FieldError] = ()
) -> Response:
    fields = inputs(AgentAsked, values, errors)
    return page(
        request, "queues/person.html", status=422 if errors else 200, member=member, fields=fields, errors=errors
    )
