"""Two people on one handoff: an act is done only on what its page showed; who comes second is told what is true now."""

from temporalio.exceptions import ApplicationError

from handoff import shown
from handoff.shown import Stands
from workflows.acts import Act
from workflows.handoff_acts import HandoffStart
from workflows.handoff_book import HandoffBook
from workflows.handoff_standing import Standing

STALE = "stale"


def check_shown(act: Act, start: HandoffStart, now: Standing, book: HandoffBook) -> None:
    """Raise when the page that this was done on shows something else than is true now; nothing was changed."""
    stands = Stands(
        state=now.state,
        queue=now.queue,
        number=start.number,
        holder=now.holder_email,
        assigned_to=now.assigned_to,
        wait_for=book.waiting()["wait_for"],
    )
    differences = shown.since(act.shown, shown.shown(stands, now.packet))
    if differences:
        raise ApplicationError(shown.in_words(differences), type=STALE, non_retryable=True)
