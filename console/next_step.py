"""What the person who looks at a case should do next: one sentence, and where to do it."""

from dataclasses import dataclass

from console.case_view import CaseView, reviewing
from core.case import Stage
from handoff.states import HandoffState
from records.access import Action, Person
from records.waits import ACCOUNT_MOVERS


@dataclass(frozen=True)
class NextStep:
    """A sentence, and a link with its label where there is something to press."""

    sentence: str
    path: str = ""
    label: str = ""


def next_step(view: CaseView, person: Person) -> NextStep:
    """The most urgent thing first; nothing to do is an answer too."""
    if view.case.closed_at is not None:
        return NextStep("Nothing: the case is closed.")
    for look in (_gone, _failure, _account, _correction, _proposal, _handoff):
        found = look(view, person)
        if found is not None:
            return found
    return NextStep("Nothing for you to do now: it moves by itself, and this page follows it.")


def _gone(view: CaseView, person: Person) -> NextStep | None:
    if view.gone is None:
        return None
    if not person.may(Action.STEER_SYSTEMS):
        return NextStep("Nothing for you: IT or a supervisor has it begin anew from its records.")
    return NextStep("Have it begin anew from its records.", f"/recoveries#{view.case.number}", "Recover it")


def _failure(view: CaseView, person: Person) -> NextStep | None:
    if not view.failing:
        return None
    card = view.failing[0]
    title = card.title[0].lower() + card.title[1:]
    if not person.may(Action.ACT_ON_ITEM):
        return NextStep(
            f"A supervisor or an agent decides about “{title}”.", f"#item-{card.item.id}", "See what happened"
        )
    handoff = view.passed_on.get(card.item.id)
    if handoff is not None:
        return NextStep(f"Decide how to go on with “{title}”.", f"/desk/handoffs/{handoff}", "Open on the desk")
    return NextStep(f"Decide how to go on with “{title}”.", f"#item-{card.item.id}", "Go to it")


def _account(view: CaseView, person: Person) -> NextStep | None:
    if view.wait is None or view.wait.mover != ACCOUNT_MOVERS:
        return None
    if not person.may(Action.MIND_ACCOUNTS):
        return NextStep("Nothing for you: IT or a supervisor puts the held account right.")
    return NextStep("Put the held account right, then have one sign-in tried.", "/accounts", "Open the accounts")


def _correction(view: CaseView, person: Person) -> NextStep | None:
    if view.case.stage is not Stage.CORRECTION:
        return None
    if view.handoff is not None and view.handoff.state is HandoffState.RETURNED:
        return _returned(view, view.handoff.returned_reason, person)
    if not person.may(Action.CORRECT_ORDER):
        return NextStep("The submitter has to correct the order number, or to say that it is right.")
    return NextStep(
        "Correct the order number, or say that it is right.", f"/cases/{view.case.number}/correction", "Correct it"
    )


def _returned(view: CaseView, reason: str, person: Person) -> NextStep:
    if not person.may(Action.CORRECT_ORDER):
        return NextStep(f"The submitter has to answer what service returned: “{reason}”")
    return NextStep(f"Service returned it: “{reason}”", f"/cases/{view.case.number}/return-answer", "Answer it")


def _proposal(view: CaseView, person: Person) -> NextStep | None:
    if not view.proposals:
        return None
    wanted = reviewing(view.case)
    what, who = ("booking", "a dispatcher") if wanted is Action.REVIEW_BOOKING else ("delivery", "a supervisor")
    if not person.may(wanted):
        return NextStep(f"Other content arrived for this {what}; {who} compares it.", "#proposals", "See both")
    return NextStep(f"Other content arrived for this {what}: compare the two.", "#proposals", "Compare")


def _handoff(view: CaseView, person: Person) -> NextStep | None:
    handoff = view.handoff
    desk = f"/desk/{view.case.number}"
    if handoff is None or handoff.state not in (HandoffState.OFFERED, HandoffState.PICKED_UP):
        return None
    if handoff.state is HandoffState.PICKED_UP and handoff.picked_up_by == person.email:
        return NextStep("You have this case: decide how it goes on.", desk, "Open on the desk")
    if handoff.state is HandoffState.PICKED_UP:
        return NextStep(f"Nothing for you: {view.name(handoff.picked_up_by)} has it.")
    if person.may(Action.PICK_UP):
        return NextStep("Pick it up, and everything known comes with it.", desk, "Open on the desk")
    return NextStep(f"Any agent of the {handoff.queue} queue can pick it up.")
