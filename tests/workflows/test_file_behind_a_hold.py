"""Rows of a file whose operation is held stand in line: all of them are seen, and all of them can be taken back."""

from sqlalchemy import text
from temporalio import activity

from activities.perform import Performed, PerformItem
from core import clock
from core.faults import HeldBehind, ScreenUnexpected
from core.outcome import Outcome
from core.work_item import State
from records import items
from records.entry_files import Fate
from records.holding_back import hold_back
from records.people import Role
from tests.support.entry_cast import counted
from tests.support.failing import MOVED_FIELD
from tests.support.journey import Journey
from tests.workflows.test_legacy_entry import Desk, act, arrow, begun, desk_of, until
from workflows import policies
from workflows.acts import WithdrawRest

ROWS = policies.ROWS_IN_FLIGHT + 15


class ChangedDesk(Desk):
    """Bots that meet a changed screen, and are held back after a few as all bots are."""

    @activity.defn(name="perform")
    async def perform(self, asked: PerformItem) -> Performed:
        """Stand in line, or break before anything is typed."""
        async with self.journey.database.session() as session:
            item = await items.view(session, asked.item_id)
            if await hold_back(session, item, clock.now()):
                return Performed(outcome=Outcome.NOT_YET, code=HeldBehind.code, item=item)
            await items.move(session, arrow(item.id, item.fence, State.RUNNING), clock.now())
            broken = arrow(item.id, item.fence, State.BROKEN, code=ScreenUnexpected.code)
            await items.move(session, broken.model_copy(update={"trouble": MOVED_FIELD}), clock.now())
            item = await items.view(session, asked.item_id)
        return Performed(outcome=Outcome.BROKEN, code=item.code, item=item)


async def is_open(journey: Journey, wanted: int, *, held: bool) -> bool:
    """Whether so many failures are open, in line or failed themselves."""
    asked = text("SELECT count(*) FROM failures WHERE ended_at IS NULL AND (held OR NOT :held)")
    async with journey.database.session() as session:
        return bool((await (await session.connection()).execute(asked, {"held": held})).scalar_one() == wanted)


async def test_rows_behind_a_changed_screen_are_all_seen_and_can_be_taken_back(desk_journey: Journey) -> None:
    """More rows than may be in flight stand in one group; withdrawn, none that was not tried stays in line."""
    ops = await desk_journey.person(Role.OPS)
    async with desk_of(desk_journey, made=ChangedDesk):
        file = await begun(desk_journey, ROWS)
        await until(desk_journey, lambda: is_open(desk_journey, ROWS, held=False))

        await act(desk_journey, file, "withdraw_rest", WithdrawRest(by=ops, reason="the wrong file"))
        await until(desk_journey, lambda: is_open(desk_journey, 0, held=True))

    counts = await counted(desk_journey.database, file)
    assert counts.of(Fate.PERSON) + counts.of(Fate.GIVEN_UP) == ROWS
