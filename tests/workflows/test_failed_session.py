"""A session that failed, carried as a case: offered, returned to who ran it, answered, and closed by a person."""

from console.routes.failed_sessions import work_of
from core import clock
from handoff.bot_to_agent import FailedSession
from records.intake import hand_in
from records.people import Role
from tests.replay.histories import keep_session
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, refusal
from workflows.acts import Act, AnswerReturn, Resolve, Told
from workflows.handoff_acts import ReturnIt

CALL = FailedSession.model_validate(
    {
        "channel": "phone",
        "customer": {"name": "Grethe Holm", "phone": "0421 555 0123"},
        "transcript": [{"by": "customer", "text": "It is about my order."}],
        "what_failed": "the caller hung up",
    }
)


async def test_a_call_is_returned_answered_and_closed(desk_journey: Journey) -> None:
    """Service asks back; the answer of whoever ran the session comes with the next offer; the note ends the case."""
    journey = desk_journey
    agent, ops = await journey.person(Role.AGENT), await journey.person(Role.OPS)
    async with journey.database.session() as session:
        receipt = await hand_in(session, work_of(CALL, ops, "ops@example.org"), clock.now())
    case = journey.client.get_workflow_handle(f"bot-to-agent/{receipt.case_number}")

    await journey.until_stage(receipt, "with_service")
    (offered,) = await journey.handoffs(receipt)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    early = await refusal(case.execute_update("answer_return", AnswerReturn(by=ops, answer="too early")))
    await journey.act_at_desk(receipt, "return_it", ReturnIt(by=agent, reason="Which order?"))
    await journey.until_stage(receipt, "correction")
    await case.execute_update("answer_return", AnswerReturn(by=ops, answer="order 4700123"), result_type=Told)
    await journey.until_stage(receipt, "with_service")
    again = (await journey.handoffs(receipt))[-1]
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))
    closed = await journey.until_stage(receipt, "closed")

    assert (offered.channel, offered.kind, early) == ("phone", "service", "wrong_state")
    assert offered.packet["transcript"][0]["text"] == "It is about my order."
    assert offered.packet["customer"]["contact_preference"] == "phone"
    assert "order 4700123" in again.why
    assert closed.outcome == "closed: agreed by phone"
    await keep_session(journey, receipt.case_number, "returned_and_answered")
