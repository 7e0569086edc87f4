"""A case that its starter takes back: what is not submitted stops, and what is keyed goes to a person who knows it."""

from temporalio.exceptions import ApplicationError

from activities.people import Verified
from workflows.acts import WithdrawCase
from workflows.book import Book, Happened
from workflows.correcting import Correcting
from workflows.entries import CaseWithdrawnError, Entries
from workflows.handing_over import HandingOver
from workflows.handoff_people import LEAD, wrong_state
from workflows.returned import Returned


class Withdrawal:
    """Whether the case was taken back, why and by whom; all that waits for a person is let go."""

    def __init__(self, book: Book, starter: str) -> None:
        self._book = book
        self._starter = starter
        self.reason = ""
        self.by = ""

    def remember(self, reason: str, by: str) -> None:
        """It was taken back before this case was begun anew."""
        self.reason, self.by = reason, by

    async def ask(self, act: WithdrawCase, person: Verified) -> None:
        """Keep the word; from now on the journey ends at its next step."""
        if person.email != self._starter and person.role != LEAD:
            raise ApplicationError("Whoever started a case, or a supervisor, can withdraw it.", type="not_allowed")
        self.check_open()
        await self._book.write(Happened(name="case.withdrawn", actor=person.email, data={"reason": act.reason}))
        self.reason, self.by = act.reason, person.name

    async def let_go(self, entries: Entries, handoff: HandingOver, *questions: Correcting | Returned) -> None:
        """What is on its way stops where nothing was submitted; nobody is asked any more."""
        for question in questions:
            question.let_go()
        entries.withdrawn = True
        # The open handoff first: the next one, with what is keyed already, must not be meant.
        await handoff.withdraw(f"withdrawn by {self.by}: {self.reason}")
        await entries.withdraw()

    def check(self) -> None:
        """Raise CaseWithdrawnError once it was taken back: between two steps of the journey."""
        if self.reason:
            raise CaseWithdrawnError

    def check_open(self) -> None:
        """Raise when it was taken back before; state only, for validators."""
        if self.reason:
            raise wrong_state("This case is withdrawn already.")
