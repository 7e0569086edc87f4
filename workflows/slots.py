"""Finding a slot: a bot reads the board, and the choice among what is free is logged with what it was made from."""

from datetime import date, timedelta

from temporalio import workflow

from activities.decide import Decide, SlotChoice, SlotInputs
from core.case import Stage
from handoff.booking import Place, Window
from systems.fieldboard import FIELDBOARD, FreeSlots, SlotsWanted
from workflows import policies, search
from workflows.book import Book, DecisionTaken, Happened, at_stage
from workflows.booking_acts import Wishes
from workflows.record_reader import RecordReader

BEFORE = timedelta(days=3)
AFTER = timedelta(days=7)
"""How far around the wishes the board is read, for what may be offered instead."""


class Slots:
    """Looks for a place on the board for one booking."""

    def __init__(self, book: Book, wishes: Wishes) -> None:
        self._book = book
        self._wishes = wishes
        self._records = RecordReader(book, FIELDBOARD)

    async def choose(self, windows: tuple[Window, ...], revision: int) -> SlotChoice:
        """The place for these wishes as the board is now, or the nearest ones instead."""
        search.case_stage(Stage.FINDING)
        await self._book.write(case=at_stage(Stage.FINDING, "looking for a free slot on the dispatch board"))
        today = workflow.now().date()
        inputs = SlotInputs(windows=windows, free=await self._free(windows, today), today=today)
        choice: SlotChoice = await workflow.execute_local_activity_method(
            Decide.slot, inputs, start_to_close_timeout=policies.DECIDE_TIMEOUT
        )
        taken = DecisionTaken(
            rule=choice.rule,
            version=choice.version,
            inputs=inputs.model_dump(mode="json"),
            verdict=choice.model_dump(mode="json"),
        )
        said = {"rule": choice.rule, "version": choice.version, "revision": revision, "reason": choice.reason}
        await self._book.write(Happened(name="slot.chosen", system=FIELDBOARD.name, data=said), decision=taken)
        return choice

    async def _free(self, windows: tuple[Window, ...], today: date) -> tuple[Place, ...]:
        """One place for each time: the technician with the lowest number, whom the choice would take anyway."""
        days = [window.day for window in windows]
        first = max(min(days) - BEFORE, today + timedelta(days=1))
        wanted = SlotsWanted(
            first=first,
            last=max(*days, first) + AFTER,
            skill_code=self._wishes.request.skill,
            postcode=self._wishes.request.postcode,
        )
        found = await self._records.read("slots", wanted.key())
        places: dict[tuple[date, str], Place] = {}
        for slot in FreeSlots.model_validate(found or {"slots": ()}).slots:
            place = Place(day=slot.day, slot=slot.slot_code, technician=slot.technician)
            places.setdefault((place.day, place.slot), place)
        return tuple(places.values())
