"""What is taken back: a decision before its entry begins, and a whole case by whoever started it."""

from records import lease
from records.people import Role
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, at_desk, in_three_days, refusal, resolved
from tests.workflows.test_hours import OPENS, closed, write
from workflows.acts import Act, Resolve, WithdrawCase
from workflows.handoff_acts import ReturnIt


async def test_a_decision_is_taken_back_while_its_entry_waits(journey: Journey, order_no: str) -> None:
    """A colleague has the order open: the decision is taken back at once, nothing is keyed, the desk has the case."""
    receipt = await at_desk(journey, order_no)
    agent, other = await journey.person(Role.AGENT), await journey.person(Role.AGENT, "second")
    early = await refusal(journey.act(receipt, "take_back", Act(by=agent)))
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    async with journey.database.session() as session:
        await lease.acquire(session, f"target/orderdesk/production/{order_no}", "a colleague", 3600)

    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_item(receipt, "reschedule", "ready")
    not_theirs = await refusal(journey.act(receipt, "take_back", Act(by=other)))
    told = await journey.act(receipt, "take_back", Act(by=agent))
    again = await journey.until_offered(receipt, 2)

    assert (early, not_theirs) == ("wrong_state", "wrong_state")
    assert told.startswith("Taken back: nothing is keyed")
    assert again.why == "Agent took the decision back before it was keyed."
    assert [item.state for item in await journey.items(receipt) if item.operation == "reschedule"] == ["withdrawn"]
    await keep_case(journey, receipt, "decision_taken_back")


async def test_a_decision_is_taken_back_while_the_system_is_closed(journey: Journey, order_no: str) -> None:
    """Made in the evening, taken back in the evening: on the desk at once, and not even the order is read before."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    closed(journey)

    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "resolving")
    told = await journey.act(receipt, "take_back", Act(by=agent))
    again = await journey.until_offered(receipt, 2)

    assert told.startswith("Taken back")
    assert again.why.endswith("before it was keyed.")
    assert not [item for item in await journey.items(receipt) if item.operation == "reschedule"]


async def test_a_case_is_withdrawn_and_a_person_gets_what_is_keyed(journey: Journey, order_no: str) -> None:
    """Its starter takes it back at the desk: the agent's handoff ends, and another lists what is keyed already."""
    receipt = await at_desk(journey, order_no)
    ops, stranger = await journey.person(Role.OPS), await journey.person(Role.OPS, "second")
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))

    not_theirs = await refusal(journey.act(receipt, "withdraw", WithdrawCase(by=stranger, reason="not mine")))
    told = await journey.act(receipt, "withdraw", WithdrawCase(by=ops, reason="reported by mistake"))
    twice = await refusal(journey.act(receipt, "withdraw", WithdrawCase(by=ops, reason="again")))
    undone = await journey.until_offered(receipt, 2)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))
    case = await journey.until_stage(receipt, "closed")

    first, _ = await journey.handoffs(receipt)
    assert (not_theirs, twice) == ("not_allowed", "wrong_state")
    assert told == "Withdrawn. What is keyed already goes to a person."
    assert (first.state, undone.packet["allowed"]) == ("withdrawn", ["close"])
    assert undone.packet["missing"][0].startswith("Keyed already: Order marked: delivery failed (")
    assert case.outcome == "withdrawn: reported by mistake"
    await keep_case(journey, receipt, "withdrawn_at_the_desk")


async def test_a_case_is_withdrawn_before_anything_is_keyed(journey: Journey) -> None:
    """Nothing was keyed yet: the case closes at once, and nobody is asked any more."""
    receipt = await journey.hand_in("9199999")
    await journey.until_stage(receipt, "correction")

    withdrawn = WithdrawCase(by=await journey.person(Role.OPS), reason="the wrong number")
    told = await journey.act(receipt, "withdraw", withdrawn)
    case = await journey.until_stage(receipt, "closed")

    assert told == "Withdrawn. Nothing is keyed."
    assert (case.outcome, await journey.handoffs(receipt)) == ("withdrawn: the wrong number", [])


async def test_nothing_is_keyed_once_it_is_withdrawn_and_what_is_keyed_is_not_forgotten(
    journey: Journey, order_no: str
) -> None:
    """Withdrawn while a decision waits for its system: it is never keyed; a person must look, also when one returns."""
    receipt = await at_desk(journey, order_no)
    ops, agent = await journey.person(Role.OPS), await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    closed(journey)

    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "resolving")
    await journey.act(receipt, "withdraw", WithdrawCase(by=ops, reason="reported by mistake"))
    write(journey, "")
    await journey.until_offered(receipt, 2)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "return_it", ReturnIt(by=agent, reason="not my matter"))
    again = await journey.until_offered(receipt, 3)
    case = await resolved(journey, receipt)

    assert again.why.endswith("It was returned (not my matter), and somebody still has to look.")
    assert not [item for item in await journey.items(receipt) if item.operation == "reschedule"]
    assert case.outcome == "withdrawn: reported by mistake"


async def test_a_case_is_withdrawn_in_its_last_moment(journey: Journey, order_no: str) -> None:
    """Closed by service, with its ticket still to follow: what is keyed goes to a person all the same."""
    receipt = await at_desk(journey, order_no)
    ops, agent = await journey.person(Role.OPS), await journey.person(Role.AGENT)
    write(journey, f"[[servicedesk.production.upkeep]]\nbegins = 2020-01-01T00:00:00Z\nends = {OPENS.isoformat()}\n")
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))
    await (await journey.handoff_handle(receipt)).result()

    write(journey, "")  # what waits already looks at the hours again in minutes
    told = await journey.act(receipt, "withdraw", WithdrawCase(by=ops, reason="reported by mistake"))
    await journey.until_offered(receipt, 2)
    case = await resolved(journey, receipt)

    assert (told, case.outcome) == (
        "Withdrawn. What is keyed already goes to a person.", "withdrawn: reported by mistake",
    )  # fmt: skip
