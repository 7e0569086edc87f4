"""What answering and resolving together have in common: the problem, the ticked cases, the preview, the action."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from console import problem_page, together
from console.collaborators import Collaborators
from console.forms import new_key
from console.pages import go, page
from console.together import Around, Covered, Sorted
from records import bulk
from records.access import Person
from records.bulk import BulkAsked
from records.bulk_action import BulkAction
from records.problem import Problem

HIDDEN = ("key", "step", "chosen")


@dataclass(frozen=True)
class Joint:
    """A problem whose cases somebody answers or resolves together."""

    problem: Problem
    around: Around

    @property
    def open(self) -> int:
        """Tied cases on which somebody at the desk can still act."""
        return sum(found.handoff.ended_at is None for found in self.around.tied)

    def stands(self, found: Sorted, chosen: Sequence[str]) -> bool:
        """Whether everything ticked is still exactly as it was previewed."""
        return bool(chosen) and {one.mark for one in found.covered} >= set(chosen)

    def chosen(self, found: Sorted, chosen: Sequence[str]) -> list[Covered]:
        """What is ticked of what is covered."""
        return [one for one in found.covered if one.mark in set(chosen)]

    def asked(self, kind: str, title: str, values: Mapping[str, str]) -> BulkAsked:
        """One action over the cases, in the name of whoever asks."""
        said = {name: text for name, text in values.items() if name not in HIDDEN}
        return BulkAsked(
            key=_key(self.problem.number, kind, values.get("key") or new_key()),
            kind=kind,
            title=title,
            by=self.around.person.email,
            by_id=self.around.person.id,
            problem_id=self.problem.id,
            selection={"problem": self.problem.number, **said},
        )

    def preview(
        self, request: Request, kind: str, found: Sorted, values: Mapping[str, str], chosen: Sequence[str] | None
    ) -> Response:
        """Exactly what is done for each case, and which are left out; `chosen` is what was ticked on an older one."""
        marks = {one.mark for one in found.covered}
        gone = {mark.partition("|")[0] for mark in chosen or () if mark not in marks}
        return page(
            request,
            "problems/preview.html",
            path="/problems",
            status=409 if gone else 422 if chosen is not None else 200,
            joint=self,
            kind=kind,
            found=found,
            gone=sorted(gone),
            nothing=chosen is not None and not chosen,
            ticked=None if chosen is None else [mark.partition("|")[0] for mark in chosen],
            free=together.free,
            values={name: text for name, text in values.items() if name not in HIDDEN},
            key=values.get("key") or new_key(),
        )


async def sent_already(
    parts: Collaborators, person: Person, number: str, kind: str, values: Mapping[str, str]
) -> Response | None:
    """The action that this very form has asked for: pressed twice, it is one, whatever has changed by that."""
    if values.get("step") != "do":
        return None
    bulk_id = bulk.id_of(person.id, _key(number.strip().upper(), kind, values.get("key", "")))
    async with parts.database.session() as session:
        known = await session.get(BulkAction, bulk_id)
    return go(bulk.path_of(bulk_id)) if known is not None else None


async def open_or_elsewhere(parts: Collaborators, number: str, person: Person) -> Joint | Response:
    """The problem with its tied cases; a closed one is only looked at."""
    async with parts.database.session() as session:
        problem = await problem_page.find(session, number)
        around = await together.around(session, problem, person, parts.clock())
    joint = Joint(problem, around)
    if problem.closed_at is not None:
        return go(f"/problems/{problem.number}", "It is closed: its cases are no longer treated together.", "note")
    if not joint.open:
        return go(f"/problems/{problem.number}", "None of its cases waits at the desk any more.", "note")
    return joint


def _key(number: str, kind: str, key: str) -> str:
    return f"{number}/{kind}/{key}"


async def chosen_of(request: Request) -> list[str]:
    """The marks of the cases that are ticked."""
    return [str(value) for value in (await request.form()).getlist("chosen")]
