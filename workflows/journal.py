"""What has been done on a case so far, by whom: the part of the context packet that saves everybody a question."""

from temporalio import workflow

from activities.items import ItemView
from core.work_item import State
from handoff.packet import Done


class Journal:
    """The list that grows as the case travels."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.keyed: list[Done] = []
        """What stands on a system now because of this case."""

    def note(self, what: str, by: str, reference: str = "") -> None:
        """Something was done."""
        self.done.append(Done(what=what, by=by, at=workflow.now(), reference=reference))

    def note_item(self, what: str, item: ItemView) -> None:
        """A work item ended; only one that was done counts."""
        if item.state is State.DONE:
            self.note(what, "bot", reference=item.confirmation or item.reference)
            self.keyed.append(self.done[-1])
