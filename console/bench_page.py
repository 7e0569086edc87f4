"""The page of the workbench: everything on it for one person, and what became of a form that was sent from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import Response

from console import bench, changed, look_up_view, workbench
from console.bench import Bench
from console.collaborators import Collaborators
from console.forms import FieldError, check, new_key
from console.pages import page
from console.problems import Problem
from handoff import limits, macros
from handoff.resolution import TITLES, Refund
from handoff.shown import Difference
from handoff.states import OPEN, HandoffState
from records.access import Action, Person
from records.desk import AtDesk
from records.stuck import BOT


@dataclass(frozen=True)
class Written:
    """What came with a form of the workbench, `form`, and why it was not taken."""

    form: str
    values: Mapping[str, str]
    errors: Sequence[FieldError] = ()
    problem: Problem | None = None
    differences: Sequence[Difference] = ()

    @property
    def status(self) -> int:
        """Changed meanwhile, refused, typed wrongly, or nothing at all."""
        if self.differences:
            return 409
        return self.problem.status if self.problem else 422 if self.errors else 200


NOTHING = Written("", {})


def ready(found: AtDesk, macro: str) -> Written:
    """A form filled with a ready text, where no script does it on the page."""
    texts = macros.macros(found.case.journey, found.packet.cause, bench.known(found.packet))
    chosen = next((one for one in texts if one.name == macro), None)
    return NOTHING if chosen is None else Written(chosen.form, chosen.fields)


async def draw(request: Request, found: AtDesk, person: Person, written: Written = NOTHING) -> Response:
    """The workbench, with what was typed, and what is wrong with it or has changed meanwhile."""
    parts: Collaborators = request.app.state.collaborators
    form, values, errors = written.form, written.values, written.errors
    async with parts.database.session() as session:
        laid_out = await bench.gather(session, found, person, parts.clock())
        looks = await look_up_view.gather(session, found, parts.clock())
    packet, handoff = found.packet, found.handoff
    mine = handoff.state is HandoffState.PICKED_UP and handoff.picked_up_by == person.email
    prepared = laid_out.prepared.values if laid_out.prepared and mine else {}
    filled = {**workbench.known(packet), **prepared, **(values if form in ("", "decide") else {})}
    return page(
        request,
        "desk/workbench.html",
        path="/desk",
        status=written.status,
        packet=packet,
        looks=looks,
        above=_above(values, errors),
        **around(found, laid_out, person, written),
        **workbench.form(filled, packet, errors, parts.clock().date(), person),
        titles=workbench.TITLES_OF_FIELDS,
    )


def around(found: AtDesk, laid_out: Bench, person: Person, written: Written) -> dict[str, Any]:
    """What the page of a case and of an entry say alike: how it stands, what can be done, what came of a form."""
    handoff, form, values = found.handoff, written.form, written.values
    mine = handoff.state is HandoffState.PICKED_UP and handoff.picked_up_by == person.email
    entry = handoff.kind == BOT
    return {
        "found": found,
        "handoff": handoff,
        "bench": laid_out,
        "mine": mine,
        "offered": handoff.state is HandoffState.OFFERED,
        "ended": handoff.state not in OPEN,
        "may_resolve": person.may(Action.RESOLVE),
        "base": found.path if entry else f"/cases/{found.case.number}",
        "home": found.path,
        "returns": not entry,
        "form": form,
        "typed": values,
        "left": [] if mine else _left(values, form),
        "errors": written.errors,
        "wrong": {error.field: error.message for error in written.errors},
        "problem": written.problem,
        "differences": written.differences,
        "seen": changed.shown(found),
        "key": new_key(),
    }


def _above(values: Mapping[str, str], errors: Sequence[FieldError]) -> bool:
    """Whether the one thing in the way is that somebody else has to decide about so much, and somebody may."""
    wrong = {error.field for error in errors}
    if wrong != {"amount"} and "decider" not in wrong:
        return False
    made, _ = check(Refund, {**values, "kind": "refund"})
    return made is not None and made.amount <= max(limits.LIMITS.values())


def _left(values: Mapping[str, str], form: str) -> list[tuple[str, str]]:
    """What was typed, for whoever cannot send it any more: nothing of it is lost."""
    hidden = {"key", "step", "zone", changed.FIELD} | ({"kind"} if form != "decide" else set())
    shown = [(name, text) for name, text in values.items() if name not in hidden and text.strip()]
    return [
        (workbench.TITLES_OF_FIELDS.get(name, name.replace("_", " ").capitalize()), TITLES.get(text, text))
        for name, text in shown
    ]
