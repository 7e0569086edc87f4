"""A work item as its case's page shows it: what is keyed, each try with its steps and pictures, and what differs."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import item_acts, item_story, words
from console.item_acts import Offer
from console.item_story import Row, Story
from core.case import Wait, WaitsFor
from core.fault_list import every_fault
from core.faults import ScreenUnexpected, UnderWatch, WorkerLost
from core.work_item import NEEDS_PERSON, State
from records import operation_holds
from records.access import Person
from records.trail import Evidence
from records.waits import ITEM_WAITS
from records.work_item import Attempt, ItemPart, WorkItem, WorkItemRevision
from systems.base import Operation
from systems.registry import operation_of

SCREEN_ADVICE = (
    "The picture of the try shows what was there instead: tell IT, and try again once it is right, or take over."
)


@dataclass(frozen=True)
class Try:
    """One attempt with what it left behind."""

    attempt: Attempt
    frames: list[Evidence]
    papers: list[Evidence]
    sealed: frozenset[uuid.UUID] = frozenset()
    """Frames of which it is still kept what stands under their masks."""

    @property
    def look(self) -> words.Look:
        """How it ended; a try without an end is under way, and a look that went well has entered nothing."""
        if self.attempt.purpose != "enter" and self.attempt.outcome == "done":
            return words.LOOKED
        return words.OUTCOMES.get(self.attempt.outcome, words.Look("Under way", "note", "player-play"))

    @property
    def title(self) -> str:
        """What it was for."""
        return words.PURPOSES.get(self.attempt.purpose, f"Try {self.attempt.number}")

    @property
    def lost(self) -> bool:
        """Whether its bot process was lost: then the last step and the last frame are what is known of it."""
        return self.attempt.code == WorkerLost.code

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The steps with their times from the beginning, in seconds."""
        found = self.attempt.steps or []
        return [(words.step(str(step.get("step"))), _seconds(step)) for step in found if isinstance(step, dict)]


@dataclass(frozen=True)
class ItemCard:
    """A work item with its newest content and its tries, newest first."""

    item: WorkItem
    operation: Operation
    revision: WorkItemRevision
    tries: list[Try]
    story: Story
    held_for: uuid.UUID | None = None

    @property
    def look(self) -> words.Look:
        """How it stands."""
        return words.STATES[self.item.state]

    @property
    def title(self) -> str:
        """What it does, on which system."""
        return self.operation.title

    @property
    def system(self) -> str:
        """The system's title."""
        return words.system(self.item.system)

    @property
    def trouble(self) -> str:
        """What went wrong, as the fault's sentence; empty when nothing did."""
        return words.fault(self.item.code) if self.item.code else ""

    @property
    def advice(self) -> str:
        """What a person can do about it, where the sentence alone does not say so."""
        known = every_fault().get(self.item.code)
        return SCREEN_ADVICE if self.needs_person and known and issubclass(known, ScreenUnexpected) else ""

    @property
    def waits(self) -> str:
        """What it waits for of itself, as a sentence; empty when it moves or a person is asked."""
        item = self.item
        if item.ended_at is not None or self.needs_person or item.wait_kind not in ITEM_WAITS:
            return ""
        return self._wait.sentence()

    @property
    def towards(self) -> str:
        """The word before the moment of its next look."""
        return self._wait.towards

    @property
    def _wait(self) -> Wait:
        return Wait(kind=WaitsFor(self.item.wait_kind), since=self.item.wait_since, about=f"the {self.system}")

    @property
    def held_system(self) -> str:
        """Where to see since when its system is held, and what else waits for it; empty unless it waits for that."""
        held = self.waits and self.item.wait_kind == WaitsFor.HELD_SYSTEM
        return f"/systems/{self.item.system}/{self.item.environment}" if held else ""

    @property
    def needs_person(self) -> bool:
        """Whether it waits for somebody's decision."""
        return self.item.state in NEEDS_PERSON

    @property
    def keyed(self) -> list[tuple[str, str]]:
        """What is to be keyed, as label and text."""
        return self.operation.preview(self.operation.entry.model_validate(self.revision.content))

    @property
    def parts(self) -> list[tuple[str, ItemPart | None]]:
        """Its commits, where it takes several: title, and what is kept of it once it is in."""
        return item_story.parts(self.operation, self.revision.content, self.story.parts)

    @property
    def images(self) -> list[Row]:
        """A conflict: before, ours, on the screen."""
        return [] if self.stopped else item_story.images(self.item, self.operation)

    @property
    def stopped(self) -> bool:
        """Whether it is filled and waits for approval."""
        return self.item.state is State.WITH_PERSON and self.item.code == UnderWatch.code

    @property
    def filled(self) -> list[Row]:
        """The form that waits for approval: what stands in it, and what was approved where that is something else."""
        return item_story.filled(self.item, self.operation) if self.stopped else []

    @property
    def filled_frame(self) -> Evidence | None:
        """The picture of that form, masked as it was taken."""
        frames = [frame for found in self.tries for frame in found.frames if frame.taken == "before_submit"]
        return frames[0] if self.stopped and frames else None

    @property
    def proposal(self) -> list[Row]:
        """Other content for the same intent that nobody asked for: ours, proposed."""
        return item_story.proposal(self.item, self.operation, self.revision.content)

    @property
    def doubt(self) -> Attempt | None:
        """The try whose outcome nobody has seen, while that is so."""
        clicked = [found.attempt for found in self.tries if found.attempt.submitted_at is not None]
        return clicked[0] if self.item.state is State.UNKNOWN and clicked else None

    @property
    def way(self) -> str:
        """By which way it goes."""
        return item_acts.ROUTES.get(self.item.route, self.item.route)

    def offers(self, person: Person) -> list[Offer]:
        """What this person can do with it now."""
        return item_acts.offers(self.item, person, self.story.holder)


def _seconds(step: dict[str, object]) -> str:
    return f"{float(str(step.get('at_seconds', 0))):.1f} s"


async def item_cards(session: AsyncSession, case_id: uuid.UUID) -> list[ItemCard]:
    """The case's work items, oldest first."""
    found = select(WorkItem).where(WorkItem.case_id == case_id).order_by(col(WorkItem.created_at))
    return await _cards(session, list(await session.exec(found)))


async def one_card(session: AsyncSession, item_id: uuid.UUID) -> ItemCard | None:
    """One work item; None when there is none with this id."""
    item = await session.get(WorkItem, item_id)
    return (await _cards(session, [item]))[0] if item is not None else None


async def _cards(session: AsyncSession, items: Sequence[WorkItem]) -> list[ItemCard]:
    ids = [item.id for item in items]
    if not ids:
        return []
    tries, stories = await _tries(session, ids), await item_story.stories(session, items)
    behind = await operation_holds.groups(session, [item.held_behind for item in items if item.held_behind])
    return [
        ItemCard(
            item=item,
            operation=operation_of(item.system, item.operation),
            revision=stories[item.id].revisions[0],
            tries=tries[item.id],
            story=stories[item.id],
            held_for=behind.get(item.held_behind) if item.held_behind else None,
        )
        for item in items
    ]


async def _tries(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Try]]:
    left: dict[uuid.UUID | None, list[Evidence]] = defaultdict(list)
    for evidence in await session.exec(
        select(Evidence).where(col(Evidence.item_id).in_(ids)).order_by(col(Evidence.at))
    ):
        left[evidence.attempt_id].append(evidence)
    found: dict[uuid.UUID, list[Try]] = defaultdict(list)
    newest = select(Attempt).where(col(Attempt.item_id).in_(ids)).order_by(col(Attempt.started_at).desc())
    for attempt in await session.exec(newest):
        papers = left[attempt.id]
        found[attempt.item_id].append(
            Try(
                attempt=attempt,
                frames=[paper for paper in papers if paper.kind == "screenshot"],
                papers=[paper for paper in papers if paper.kind not in ("screenshot", "sealed")],
                sealed=frozenset(
                    paper.of for paper in papers if paper.of and not paper.dropped and paper.removed_at is None
                ),
            )
        )
    return found
