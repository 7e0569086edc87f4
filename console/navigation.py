"""The way round: the pages in the bar, who sees them, and the letter that `g` takes there."""

from dataclasses import dataclass

from fastapi import FastAPI

from records.access import Action, Person


@dataclass(frozen=True)
class Entry:
    """A page in the bar."""

    title: str
    path: str
    icon: str
    letter: str
    action: Action


ENTRIES = (
    Entry("Home", "/", "home", "h", Action.SIGNED_IN),
    Entry("Cases", "/cases", "briefcase", "c", Action.SEE_CASES),
    Entry("Start work", "/intake", "plus", "s", Action.START_WORK),
    Entry("Files", "/files", "files", "f", Action.START_WORK),
    Entry("Plain entry", "/entries", "list-check", "e", Action.START_WORK),
    Entry("Desk", "/desk", "headset", "d", Action.SEE_DESK),
    Entry("Problems", "/problems", "link", "p", Action.TIE_CASES),
    Entry("Board", "/board", "activity", "b", Action.SEE_BOARD),
    Entry("Failures", "/failures", "alert-octagon", "x", Action.SEE_FAILURES),
    Entry("Systems", "/systems", "server", "y", Action.SEE_SYSTEMS),
    Entry("Playbooks", "/playbooks", "checklist", "o", Action.SEE_SYSTEMS),
    Entry("Dependencies", "/dependencies", "timeline", "n", Action.SEE_SYSTEMS),
    Entry("Queues", "/queues", "inbox", "q", Action.MIND_QUEUES),
    Entry("Mails", "/mails", "mail", "m", Action.PLACE_MAIL),
    Entry("Changes", "/system-changes", "git-pull-request", "l", Action.MIND_CHANGES),
    Entry("Feedback", "/feedback", "message-report", "w", Action.ANSWER_FEEDBACK),
    Entry("Accounts", "/accounts", "users", "a", Action.MIND_ACCOUNTS),
)


def entries(app: FastAPI, person: Person | None) -> list[Entry]:
    """The pages this person may open."""
    if person is None:
        return []
    return [entry for entry in ENTRIES if entry.path in app.state.paths and person.may(entry.action)]
