"""The looks after a restore: while bots are held, each entry that the backup may be wrong about is looked for.

Nothing is entered. What stands there is adopted once the system is used again, what does not is keyed then, and what
no look can tell goes to a person now. No workflow takes part: nothing has to be recovered first.
"""

import asyncio
import traceback
import uuid
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from activities.look import Look, Looked
from core import clock
from core.faults import (
    AWAY,
    AccountHeld,
    Ambiguous,
    CannotTell,
    Conflict,
    Fault,
    NoSeat,
    NotYet,
    SignInRefused,
    Unforeseen,
)
from core.outcome import Answer
from core.work_item import FINAL, NEEDS_PERSON, State
from records import gap_look, items
from records.database import Database
from records.items import ItemView, Move

log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
"""Between two questions to the records whether anything is to be looked for."""
AGAIN_SECONDS = 15.0
"""After a look that could not be had."""
SETTLED = {Answer.EQUAL: "there", Answer.AFTER: "there", Answer.ABSENT: "not_there", Answer.BEFORE: "not_there"}
WHY = {Answer.DIFFERENT: Conflict.code, Answer.OTHER: Conflict.code, Answer.SEVERAL: Ambiguous.code}
LATER = AWAY | {AccountHeld.code, SignInRefused.code}
"""What says nothing of the entry: it is looked for again."""


class GapLooks:
    """Looks for one entry after the other, at as many seats as each system has; several processes share them out."""

    def __init__(self, database: Database, look: Look, seats: dict[tuple[str, str], int]) -> None:
        self._database = database
        self._look = look
        self._seats = seats

    async def run_forever(self) -> None:
        """Look whenever there is something to look for, until cancelled; a look under way is dropped and made anew."""
        away = False
        while True:
            try:
                await self.run_once()
                away = False
            except* (DBAPIError, PoolTimeout) as errors:
                if not away:
                    log.warning("gap.records_away", kind=type(errors.exceptions[0]).__name__)
                away = True
            await asyncio.sleep(POLL_SECONDS)

    async def run_once(self) -> int:
        """Look for everything that can be looked for now; how many looks those were."""
        async with self._database.session() as session:
            standing = await gap_look.standing(session)
        due = [place for place, one in standing.items() if one.left and place in self._seats]
        async with asyncio.TaskGroup() as group:
            seats = [group.create_task(self._one_seat(*place)) for place in due for _ in range(self._seats[place])]
        return sum(seat.result() for seat in seats)

    async def _one_seat(self, system: str, environment: str) -> int:
        looks = 0
        while True:
            async with self._database.session() as session:
                item_id = await gap_look.take(session, system, environment)
            if item_id is None:
                return looks
            if not await self._look_for(item_id):
                return looks
            looks += 1

    async def _look_for(self, item_id: uuid.UUID) -> bool:
        """Look for one; whether there was a seat for that."""
        async with self._database.session() as session:
            item = await items.view(session, item_id)
        try:
            await self._settle(item, await self._look.search(item, "gap", held_too=True))
        except NoSeat as fault:
            await self._later(item, fault, 0)
            return False
        except Fault as fault:
            if isinstance(fault, NotYet) or fault.code in LATER:
                await self._later(item, fault)
            else:
                await self._to_person(item, fault.code, None)
        except (DBAPIError, PoolTimeout):
            raise
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            log.error("gap.unforeseen", kind=kind, where=f"{where.filename}:{where.lineno}")  # noqa: TRY400
            await self._to_person(item, Unforeseen.code, None)
        return True

    async def _settle(self, item: ItemView, looked: Looked) -> None:
        answer = SETTLED.get(looked.answer)
        if answer is None or (answer == "not_there" and looked.ours):
            code = Conflict.code if answer else WHY.get(looked.answer, CannotTell.code)
            await self._to_person(item, code, looked)
        else:
            async with self._database.session() as session:
                await gap_look.looked(session, item.id, answer)
            log.info("gap.looked", reference=item.reference, answer=answer)

    async def _later(self, item: ItemView, fault: Fault, seconds: float = AGAIN_SECONDS) -> None:
        async with self._database.session() as session:
            await gap_look.later(session, item.id, fault.code, seconds)

    async def _to_person(self, item: ItemView, code: str, looked: Looked | None) -> None:
        """A person decides; who has it already keeps it as it is, and what moved on meanwhile is looked for again."""
        values: dict[str, Any] = {"code": code, "differences": []}
        if looked is not None and looked.record is not None:
            differences = [found.model_dump() for found in looked.differences]
            values |= {"differences": differences, "wanted": looked.wanted, "seen": looked.record}
        move = Move(
            item_id=item.id, fence=item.fence, to=State.WITH_PERSON, event="item.with_person", values=values, bump=True
        )
        async with self._database.session() as session:
            if item.state in {*NEEDS_PERSON, *FINAL} or await items.move(session, move, clock.now()):
                await gap_look.looked(session, item.id, "person", code)
                log.info("gap.to_person", reference=item.reference, code=code)
            else:
                await gap_look.later(session, item.id, "", 0)
