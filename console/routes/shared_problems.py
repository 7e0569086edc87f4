"""A problem that cases share: found by what they have in common, opened, looked at, closed."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from console import problem_page
from console.access import Parts, TiesCases
from console.collaborators import Collaborators
from console.event_words import CAUSES
from console.forms import FieldError, check, inputs, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from handoff.shared_cause import SharedCause
from records import alike, problems
from records.access import Person
from records.problem import Problem
from records.problems import Opened, Tied
from systems.registry import SYSTEMS

router = APIRouter(prefix="/problems", route_class=KeepsTyped)


class ProblemAsked(BaseModel):
    """What a problem is called, and what customers may be told of it."""

    model_config = ConfigDict(frozen=True)

    title: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=100),
        Field(title="What it is", description="As colleagues call it: Depot Bremen flooded."),
    ]
    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=2000),
        Field(title="What customers may be told", description="The start of the text when they are answered together."),
    ] = ""


@router.get("")
async def listing(request: Request, parts: Parts, person: TiesCases, which: str = "open") -> Response:
    """Every problem, and what looks like one cause but is tied to nothing yet."""
    async with parts.database.session() as session:
        view = await problem_page.listing(session, person, parts.clock(), closed=which == "closed")
    return page(request, "problems/list.html", view=view, closed=which == "closed", line=problem_page.in_a_line)


@router.get("/new")
async def alike_now(request: Request, parts: Parts, person: TiesCases) -> Response:
    """Exactly the open cases that share what the address asks for, and the form that ties them."""
    return await _form(request, parts, person, dict(request.query_params))


@router.post("")
async def open_one(request: Request, parts: Parts, person: TiesCases) -> Response:
    """Open a problem, or take one that is there, and tie what is ticked; each tie is told truly."""
    values = await typed(request)
    chosen = await ticked(request)
    asked, errors = check(ProblemAsked, values)
    errors = () if values.get("to") else errors
    if not chosen:
        errors = (*errors, FieldError(field="chosen", message="Tick at least one case."))
    if errors:
        return await _form(request, parts, person, values, errors, chosen)
    async with parts.database.session() as session:
        problem = await _problem(session, values, asked, person, parts)
        results = await problems.tie(session, problem, chosen, person.email, parts.clock())
    return go(f"/problems/{problem.number}", *told(results, "tied"))


@router.get("/{number}")
async def one(request: Request, parts: Parts, person: TiesCases, number: str, shown: int | None = None) -> Response:
    """What it is, which cases are tied to it and how they stand, what fits and is not tied, what was done together."""
    async with parts.database.session() as session:
        problem = await problem_page.find(session, number)
        view = await problem_page.gather(session, problem, person, parts.clock())
    return page(
        request,
        "problems/problem.html",
        view=view,
        one=view.problem,
        shared=problem_page.spoken(view.problem.shared),
        before=view.matching_in_all if shown is None else shown,
        key=new_key(),
    )


async def ticked(request: Request) -> list[str]:
    """The cases that are ticked."""
    return [str(value).upper() for value in (await request.form()).getlist("chosen")][: problem_page.SHOWN]


def told(results: Sequence[Tied], done: str) -> tuple[str, str]:
    """What came of each, as a sentence, and its kind."""
    went = sum(not one.said for one in results)
    stayed = " ".join(f"{one.number}: {one.said}" for one in results if one.said)[:600]
    cases = "1 case is" if went == 1 else f"{went} cases are"
    return f"{cases} {done}. {stayed}".strip(), "note" if stayed else "good"


async def _problem(
    session: AsyncSession, values: Mapping[str, str], asked: ProblemAsked | None, person: Person, parts: Collaborators
) -> Problem:
    if values.get("to") or asked is None:
        return await problem_page.find(session, values.get("to", ""), lock=True)
    shared = problem_page.asked(values)
    opened = Opened(key=values.get("key") or new_key(), shared=shared, by=person.email, **asked.model_dump())
    return await problems.open_one(session, opened, parts.clock())


async def _form(
    request: Request,
    parts: Collaborators,
    person: Person,
    values: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    chosen: Sequence[str] | None = None,
) -> Response:
    shared = problem_page.asked(values)
    async with parts.database.session() as session:
        sight = await problem_page.sight_of(session, person, parts.clock())
        found, in_all = await alike.alike(session, shared, sight, limit=problem_page.SHOWN)
        others, _ = await problems.listed(session, closed=False, limit=problem_page.LISTED)
    return page(
        request,
        "problems/new.html",
        path="/problems",
        status=422 if errors else 200,
        found=found,
        in_all=in_all,
        shared=shared,
        asked=bool(shared.named()),
        line=problem_page.in_a_line(shared),
        traits=problem_page.TRAITS,
        options={"cause": CAUSES, "system": {name: system.title for name, system in SYSTEMS.items()}},
        others=[problem for problem, _ in others],
        fields=inputs(ProblemAsked, {"title": _called(shared), **values}, errors),
        errors=errors,
        values=values,
        ticked=chosen,
        key=values.get("key") or new_key(),
    )


def _called(shared: SharedCause) -> str:
    line = problem_page.in_a_line(shared)
    return line[:1].upper() + line[1:]
