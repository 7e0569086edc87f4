"""What an outage does to the clocks of a handoff whose case waits for it: they stand, or other ones count meanwhile."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from handoff.clock import Target
from workflows.handoff_book import HandoffBook, Happened
from workflows.handoff_standing import OutageStands, Standing


class OutageHits(BaseModel):
    """A system that the case waits for is away, under this playbook; or (`over`) no longer in its way.

    `key` names the outage for this handoff. `stand` are the kinds of clocks that stand; `instead` are the targets that
    count meanwhile, by the kind of clock.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    what: Literal["hit", "over"]
    reason: str = ""
    stand: tuple[str, ...] = ()
    instead: dict[str, Target] = Field(default_factory=dict)


class OutageClocks:
    """The clocks of one handoff while systems are away; the workflow holds its lock."""

    def __init__(self, now: Standing, book: HandoffBook) -> None:
        self._now = now
        self._book = book

    async def heard(self, word: OutageHits) -> None:
        """Let clocks stand or go on; the same word twice changes nothing."""
        if word.what == "hit" and word.key not in self._now.outages:
            self._now.outages[word.key] = OutageStands(reason=word.reason, stand=word.stand, instead=word.instead)
            self._book.settle()
        elif word.what == "over" and word.key in self._now.outages:
            for name in self._now.outages.pop(word.key).names.values():
                self._book.tick(name, "stopped", reason="the outage is over")
            self._book.settle()
        else:
            return
        happened = Happened(name=f"handoff.outage_{word.what}", data={"reason": word.reason})
        await self._book.write(happened, columns=self._book.waiting())
