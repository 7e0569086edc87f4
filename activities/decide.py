"""Rules run here and never in a workflow: the verdict and its version are then in the history, and replay is safe."""

from temporalio import activity

from decisions import root_cause
from decisions.root_cause import Cause, CauseInputs
from handoff import slot_choice
from handoff.slot_choice import SlotChoice, SlotInputs

__all__ = ["Cause", "CauseInputs", "Decide", "SlotChoice", "SlotInputs"]


class Decide:
    """The rule tables as local activities."""

    @activity.defn(name="decide_root_cause")
    async def root_cause(self, inputs: CauseInputs) -> Cause:
        """Why the delivery failed, what to do next, and by which rule and version."""
        return root_cause.decide(inputs)

    @activity.defn(name="choose_slot")
    async def slot(self, inputs: SlotInputs) -> SlotChoice:
        """Which free slot fits the customer's wishes, or which ones are nearest."""
        return slot_choice.choose(inputs)
