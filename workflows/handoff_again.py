"""What a handoff begins with: the policy that counts for it, or, taken up again, how the records say that it stands."""

from temporalio import workflow

from activities.handoffs import Handoffs, PolicyAsked, Stands, StandsAsked
from handoff.policy import Policy
from workflows.book import locally
from workflows.handoff_acts import HandoffEnd, HandoffStart
from workflows.handoff_book import HandoffBook, Happened
from workflows.handoff_people import HandoffPeople
from workflows.handoff_standing import Standing


async def policy_of(start: HandoffStart) -> Policy:
    """The policy that counts for this handoff from now on."""
    policy: Policy = await locally(Handoffs.choose_policy, _asked(start))
    return policy


async def stands(start: HandoffStart) -> Stands:
    """How it stands, and how it ended, once it has."""
    asked = StandsAsked(handoff_id=start.id, policy=_asked(start), at=workflow.now())
    found: Stands = await locally(Handoffs.stands, asked)
    return found


def _asked(start: HandoffStart) -> PolicyAsked:
    return PolicyAsked(queue=start.queue, channel=start.channel, persona=start.persona, tier=start.packet.customer.tier)


async def go_on(found: Stands, now: Standing, book: HandoffBook, people: HandoffPeople) -> None:
    """The first write of the run that takes it up, unless it has ended: clocks whose reason to stand is over go on."""
    if found.end is not None:
        people.ended_before(HandoffEnd.model_validate(found.end))
        return
    if not now.pauses:
        for name, clock in list(now.clocks.items()):
            if clock.paused_at is not None:
                book.tick(name, "resumed")
    await book.write(Happened(name="handoff.carried_on"), columns=book.waiting())
