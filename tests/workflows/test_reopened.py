"""An answer to a case that was closed: it begins another round at the desk, with everything that was there before."""

from datetime import timedelta

from core import clock
from fallbacks.replies import Replies
from records import replies
from records.case import Case
from records.database import Database
from records.evidence_store import EvidenceStore
from records.intake import Receipt
from tests.fallbacks.letters import Box, letter
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, in_three_days, resolved


async def answered(journey: Journey, receipt: Receipt, text: str) -> None:
    """The customer answers a mail of this case."""
    async with journey.database.session() as session:
        token = await replies.token_of(session, receipt.case_id, clock.now())
    store = EvidenceStore.local(journey.settings.data_dir / "evidence")
    raw = letter(text, To=f"service+{token}@example.org", Message_ID=f"<{text[:4]}@mail.example.org>")
    await Replies(journey.database, Box(raw), store, journey.settings.reopen_days).run_once(clock.now())


async def test_an_answer_opens_a_closed_case_again(journey: Journey, order_no: str) -> None:
    """Service gets it with the customer's words; what is decided now is an entry and a mail of its own, once."""
    receipt = await at_desk(journey, order_no)
    await resolved(journey, receipt, in_three_days("1"))

    await answered(journey, receipt, "That day I am away.")
    opened = await journey.until_offered(receipt, 2)
    case = await resolved(journey, receipt, in_three_days("2"))

    keyed = [item for item in await journey.items(receipt) if item.operation == "reschedule"]
    assert opened.why == "The customer answered after the case was closed: “That day I am away.”"
    assert [item.state for item in keyed] == ["done", "done"]
    assert keyed[1].occurrence == f"{receipt.case_number}/round2/reschedule#2"
    assert len([row for row in journey.floor.ledger("orderdesk", order_no) if row["operation"] == "reschedule"]) == 2
    assert (case.outcome, case.stage) == ("reschedule", "closed")
    assert [item.operation for item in await journey.items(receipt)].count("mark_failed_delivery") == 1
    await keep_case(journey, receipt, "reopened_by_an_answer")


async def test_a_case_that_closed_long_ago_stays_closed(journey: Journey) -> None:
    """After the set time an answer goes to people who place it; the case is left alone."""
    receipt = await at_desk(journey)
    await resolved(journey, receipt)
    await _closed_earlier(journey.database, receipt, timedelta(days=journey.settings.reopen_days + 1))

    await answered(journey, receipt, "Hello again.")

    case = await journey.case(receipt)
    assert (case.closed_at is not None, len(await journey.handoffs(receipt))) == (True, 1)
    assert "case.reopened" not in await journey.events(receipt)


async def _closed_earlier(database: Database, receipt: Receipt, ago: timedelta) -> None:
    async with database.session() as session:
        (await session.get_one(Case, receipt.case_id)).closed_at = clock.now() - ago
