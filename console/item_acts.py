"""What a person can do with a work item as it stands, each with a sentence that says exactly what it does."""

from dataclasses import dataclass

from core.case import WaitsFor
from core.faults import FOR_A_PERSON, UnderWatch
from core.work_item import NEEDS_PERSON, State
from records.access import Action, Person
from records.holds import HOLD_MINUTES, Holder
from records.people import Role
from records.work_item import WorkItem

ROUTES = {"bot": "A bot on the screens", "api": "A bot by the system's API", "person": "A person, by hand"}


@dataclass(frozen=True)
class Offer:
    """One thing to do: its noun in the address, its button, what it does; `at_once`: it has no form of its own."""

    noun: str
    label: str
    icon: str
    says: str
    at_once: bool = False
    action: Action = Action.ACT_ON_ITEM


RETRY = Offer("retries", "Try again", "refresh", "A bot looks on the screen first, and enters what is not there.", True)
TRY_NOW = Offer("retries", "Try now", "refresh", "A bot tries it now, and does not wait any longer.", True)
REFILL = Offer("retries", "Fill it again", "refresh", "A bot fills the form anew, and stops again.", True)
CORRECT = Offer("corrections", "Correct…", "edit", "You change values; a bot then enters the corrected ones.")
DECIDE = Offer(
    "returns",
    "Say which is the truth…",
    "git-pull-request",
    "Keep what the screen shows, or have ours entered over it.",
)
GIVE_BACK = Offer(
    "returns", "Give back to the bot…", "robot", "Baton reads the screen first; there already, it is done."
)
TAKE_OVER = Offer(
    "holds",
    "Take over",
    "user-check",
    f"You key it by hand, with our reference in it: no bot touches it, and it is yours for {HOLD_MINUTES} minutes.",
    True,
)
BY_HAND = Offer("hand-entries", "Done by hand…", "hand-stop", "You keyed it; Baton believes what the screen shows.")
REROUTE = Offer("reroutes", "Another way…", "route", "The same entry by another way, or by a person.")
EARLY_RUN = Offer(
    "early-runs",
    "Run outside the hours…",
    "player-play",
    "A bot enters it now, although the system is outside its working hours.",
    action=Action.RUN_OUTSIDE_WINDOW,
)
DISCARD = Offer("discards", "Discard…", "trash", "Nothing is entered for it any more, and the case goes on without it.")


def offers(item: WorkItem, person: Person, holder: Holder | None) -> list[Offer]:
    """What this person can do with the item now; nothing while somebody else has it, except for a supervisor."""
    if holder is not None and holder.id != person.id and person.role is not Role.SUPERVISOR:
        return []
    return [offer for offer in _of_state(item, person, holder) if person.may(offer.action)]


def _of_state(item: WorkItem, person: Person, holder: Holder | None) -> list[Offer]:
    take = [] if holder is not None and holder.id == person.id else [TAKE_OVER]
    if item.state is State.DEFERRED:
        return [EARLY_RUN, *take]
    if item.state is State.READY:
        early = [TRY_NOW] if item.wait_kind in (WaitsFor.HELD_SYSTEM, WaitsFor.HELD_GROUP) else []
        return [*early, *take, CORRECT, REROUTE]
    if item.state not in NEEDS_PERSON:
        return []
    return [*_onward(item, mine=not take), CORRECT, *take, BY_HAND, REROUTE, DISCARD]


def _onward(item: WorkItem, *, mine: bool) -> list[Offer]:
    """How it goes on by a bot; what one has oneself may have been keyed: it can be given back with a look."""
    if item.code == UnderWatch.code:
        return [REFILL]
    if item.seen:
        return [DECIDE, RETRY]
    if item.code in FOR_A_PERSON:
        return [GIVE_BACK]
    return [GIVE_BACK, RETRY] if mine else [RETRY]


def ways(item: WorkItem, routes: tuple[str, ...]) -> list[tuple[str, str]]:
    """The other ways that the item can take, as value and text."""
    others = [route for route in routes if route != item.route or item.code in FOR_A_PERSON]
    return [(route, ROUTES.get(route, route)) for route in [*others, "person"]]
