"""Whether a group of failures is all right, and what to do next about it: two sentences and one button."""

from dataclasses import dataclass

from console import failure_words
from failure.kinds import FailureClass
from failure.states import Review
from records.access import Action, Person
from records.failure import FailureGroup


@dataclass(frozen=True)
class Next:
    """What to do: a sentence, and the address of the button, if there is one."""

    sentence: str
    path: str = ""
    label: str = ""


def all_right(group: FailureGroup, tally: dict[str, int]) -> str:
    """How it stands, as the answer to *is it all right?*"""
    if not group.open:
        return "Yes: nothing of it is open."
    said = [
        _said(tally.get("not_entered", 0), "surely not entered"),
        _said(tally.get("maybe", 0), "may be in"),
        _said(tally.get("partly", 0), "in part"),
        _said(tally.get("entered", 0), "entered, and to be looked through"),
        _said(tally.get("held", 0), "held behind it and not tried"),
    ]
    return f"No: {group.open:,} open. {', '.join(one for one in said if one).capitalize()}."


def next_of(group: FailureGroup, person: Person) -> Next:
    """What this person does best now."""
    if not group.open:
        return Next("Nothing. Should it fail again, this group opens anew and says since when.")
    if not person.may(Action.REVIEW_FAILURES):
        return Next("A supervisor reviews it. A comment or a ticket's number helps them.")
    return _under_way(group) or _first_step(group)


def _under_way(group: FailureGroup) -> Next | None:
    if group.review is Review.WAITING_FOR_FIX:
        then = "releases itself, one first" if group.releases_itself else "tells you"
        said = f"Nothing: it waits {failure_words.until_fix(group)}, then it {then}."
        return Next(said, f"/failures/{group.id}/fixes", "What it waits for…")
    if group.review is Review.FIX_DEPLOYED:
        said = "The fix is there. Try one again; once it is verified the rest follows."
        return Next(said, _bulk(group, "retry"), "Try one, then the rest…")
    if group.review is Review.RETRYING:
        said = "Entries are being tried again. What came of each stands at the action."
        return Next(said, "/bulk-actions", "Bulk actions")
    return None


def _first_step(group: FailureGroup) -> Next:
    fixes = f"/failures/{group.id}/fixes"
    if failure_words.looks(group):
        return Next("Mend the look first: no doubt on this system is settled before.", fixes, "Wait for the fix…")
    if group.failure_class is FailureClass.DRIFT:
        said = "Compare the two screens; have the bot mended, and wait for its next version."
        return Next(said, fixes, "Wait for a fix…")
    if group.failure_class is FailureClass.REFUSED:
        said = "Correct what the system refuses, entry by entry; or hand them over."
        return Next(said, _bulk(group, "hand_over"), "Hand over…")
    said = "Try one again: was it a passing trouble, the rest follows by itself."
    return Next(said, _bulk(group, "retry"), "Try one, then the rest…")


def _bulk(group: FailureGroup, kind: str) -> str:
    return f"/bulk-actions/new?kind={kind}&group={group.id}"


def _said(n: int, words: str) -> str:
    return f"{n:,} {words}" if n else ""
